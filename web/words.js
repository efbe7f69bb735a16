// What the page says by itself, Indonesian and English. What is said of a code or a bundle comes from the module.

const WORDS = {
  title: ["Lintas: pemindai", "Lintas: scanner"],
  other: ["English", "Bahasa Indonesia"],
  busy: ["Sebentar ...", "One moment ..."],
  elsewhere: ["Pemindai ini sudah terbuka di jendela lain. Tutup jendela itu dahulu.", "This scanner is open in another window. Close that one first."],
  broken: ["Pemindai ini tidak dapat berjalan di peramban ini.", "This scanner cannot run in this browser."],
  newer: ["Versi baru siap.", "A new version is ready."],
  reload: ["Muat ulang", "Reload"],
  enrolTitle: ["Daftarkan pemindai ini", "Enrol this scanner"],
  enrolWhy: ["Penyelia memasukkan sidik akar SHA-256 yang diterima lewat jalan lain: di atas kertas, atau dibacakan.", "A supervisor enters the SHA-256 of the root, which came by another way: on paper, or read out."],
  root: ["Sidik akar (64 angka heksadesimal)", "Fingerprint of the root (64 hexadecimal digits)"],
  rootOdd: ["Sidik akar harus 64 angka heksadesimal.", "The fingerprint has to be 64 hexadecimal digits."],
  gone: ["Yang diingat pemindai ini tidak lengkap lagi. Daftarkan ulang.", "What this scanner remembers is not whole any more. Enrol it again."],
  enrol: ["Daftarkan", "Enrol"],
  leave: ["Batal", "Cancel"],
  enrolled: ["Terdaftar.", "Enrolled."],
  confirmTitle: ["Apakah ini sidik akarnya?", "Is this the fingerprint of the root?"],
  confirmWhy: ["Bandingkan setiap kelompok dengan yang Anda terima.", "Compare every group with what you were given."],
  lost: ["Data dan hitungan yang ada di pemindai ini akan hilang.", "The data and counts of this scanner will be gone."],
  yes: ["Ya, daftarkan", "Yes, enrol"],
  no: ["Tidak", "No"],
  ready: ["Siap memindai", "Ready to scan"],
  readyHow: ["Arahkan kamera ke kode, atau pindai dengan alat pemindai.", "Point the camera at a code, or scan with a hand scanner."],
  camera: ["Kamera", "Camera"],
  cameraStart: ["Nyalakan kamera", "Start the camera"],
  cameraStop: ["Matikan kamera", "Stop the camera"],
  cameraNone: ["Kamera tidak dapat dipakai. Izinkan kamera di peramban, atau pakai gambar atau alat pemindai.", "The camera cannot be used. Allow it in the browser, or use a picture or a hand scanner."],
  video: ["Gambar dari kamera", "Picture of the camera"],
  torch: ["Senter", "Torch"],
  otherWays: ["Cara lain", "Other ways"],
  text: ["Teks kode (alat pemindai, ketik, atau tempel)", "Text of a code (hand scanner, typed, or pasted)"],
  check: ["Periksa", "Check"],
  picture: ["Pilih gambar kode", "Choose a picture"],
  noCode: ["Tidak ada kode di gambar ini.", "There is no code in this picture."],
  noPicture: ["Berkas ini bukan gambar yang dapat dibaca.", "This file is no picture that can be read."],
  name: ["Nama", "Name"],
  birthYear: ["Tahun lahir", "Year of birth"],
  dataAge: ["Umur data:", "Age of the data:"],
  today: ["Hari ini", "Today"],
  green: ["hijau", "green"],
  yellow: ["kuning", "yellow"],
  red: ["merah", "red"],
  black: ["hitam", "black"],
  data: ["Data", "Data"],
  environment: ["Lingkungan", "Environment"],
  demo: ["demo: hanya percobaan", "demo: for trying only"],
  test: ["uji", "test"],
  production: ["produksi", "production"],
  sequence: ["Nomor", "Number"],
  issuedAt: ["Ditandatangani", "Signed"],
  ageOf: ["Umur", "Age"],
  none: ["belum ada", "none yet"],
  fresh: ["baru", "fresh"],
  old: ["lama", "old"],
  too_old: ["terlalu lama", "too old"],
  noData: ["Belum ada data. Semua kode kuning sampai data diambil.", "There are no data yet. Every code is yellow until they are fetched."],
  oldSaid: ["Data sudah lama. Hubungkan ke jaringan atau bawa data baru.", "The data are old. Connect to the network, or bring new data."],
  clockSaid: [
    "Jam perangkat mundur: semua kode kuning sampai jam benar lagi.",
    "The device's clock went back: every code is yellow until it is right again.",
  ],
  tooOldSaid: ["Data terlalu lama: semua kode kuning. Ambil data baru sekarang.", "The data are too old: every code is yellow. Fetch new data now."],
  network: ["Jaringan", "Network"],
  online: ["daring", "online"],
  offline: ["luring", "offline"],
  withoutNetwork: ["Tanpa jaringan", "Without a network"],
  starts: ["halaman ini siap", "this page is ready"],
  startsNot: ["halaman ini belum siap", "this page is not ready yet"],
  update: ["Ambil data baru", "Fetch new data"],
  inUse: ["Data baru dipakai.", "New data are in use."],
  inUseAlready: ["Data ini sudah yang terbaru.", "These data are the newest already."],
  bundle: ["Data dari berkas", "Data from a file"],
  input_output: ["Gerbang data tidak menjawab. Coba lagi bila jaringan ada.", "The gateway does not answer. Try again where there is a network."],
  upstream_invalid: ["Jawaban gerbang data tidak dapat dipakai.", "The gateway's answer cannot be used."],
  input_too_large: ["Ukuran data melebihi batas.", "The data are over the ceiling."],
  not_kept: ["Data tidak dapat disimpan di perangkat ini. Periksa ruang simpannya.", "The data cannot be kept on this device. See whether it has room."],
  internal: ["Terjadi gangguan pada pemindai. Muat ulang halaman ini.", "Something went wrong in the scanner. Reload this page."],
  settings: ["Pengaturan", "Settings"],
  settingsWhy: ["Isi hanya bila kebijakan yang berlaku memintanya.", "Fill these in only where the policy in force asks for them."],
  mode: ["Moda perjalanan", "Mode of travel"],
  sector: ["Sektor", "Sector"],
  wilayah: ["Kode wilayah", "Code of the region"],
  sound: ["Bunyi", "Sound"],
  pinned: ["Sidik akar:", "Fingerprint of the root:"],
  enrolAgain: ["Daftarkan ulang", "Enrol again"],
};

const LANGUAGES = ["id", "en"];

let language = "id";

/** The language that is shown first. */
export function first() {
  return language;
}

/** The other one. */
export function second() {
  return language === "id" ? "en" : "id";
}

/** What `key` says in `tag`, or in the language that is shown first. */
export function said(key, tag = language) {
  return WORDS[key][LANGUAGES.indexOf(tag)];
}

/** Shows `tag` first from now on, and fills in every element that names its words. */
export function speak(tag) {
  language = LANGUAGES.includes(tag) ? tag : "id";
  document.documentElement.lang = language;
  document.title = said("title");
  for (const element of document.querySelectorAll("[data-word]")) {
    element.textContent = said(element.dataset.word);
  }
}

/** A failure of the page itself, as those that the module throws; `words` are under `key`, the code's own if left out. */
export function failure(code, key = code) {
  return Object.assign(new Error(code), { code, id: said(key, "id"), en: said(key, "en") });
}

/** `instant` as people here write it. */
export function written(instant) {
  const tag = language === "id" ? "id-ID" : "en-GB";
  return new Intl.DateTimeFormat(tag, { dateStyle: "medium", timeStyle: "short" }).format(instant);
}

/** A span of `seconds` in whole days or hours. */
export function span(seconds) {
  const hours = Math.floor(seconds / 3600);
  const [count, unit] = hours < 48 ? [hours, "hour"] : [Math.floor(hours / 24), "day"];
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" }).format(count);
}
