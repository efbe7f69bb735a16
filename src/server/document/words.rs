//! The words on sheets and slips, in Indonesian and English.
//!
//! Refuses words about a code of this gateway: those are in `messages/`.

/// The same in both languages.
#[derive(Clone, Copy)]
pub(super) struct Words {
    /// Indonesian.
    pub(super) id: &'static str,
    /// English.
    pub(super) en: &'static str,
}

impl Words {
    /// Both in one line.
    pub(super) fn both(self) -> String {
        format!("{} / {}", self.id, self.en)
    }
}

const fn words(id: &'static str, en: &'static str) -> Words {
    Words { id, en }
}

/// What a file of a certificate is called, whatever it says.
pub(super) const SHEET: &str = "Sertifikat kesehatan / Health certificate";
/// What a file of slips is called.
pub(super) const SLIPS: &str = "Slip pengambilan sertifikat / Slips for fetching certificates";
/// What is said of the code where it cannot be seen.
pub(super) const CODE_OF_CERTIFICATE: &str =
    "Kode QR dengan sertifikat yang ditandatangani / QR code with the signed certificate";
/// What is said of the code of a claim.
pub(super) const CODE_OF_CLAIM: &str = "Kode QR dengan kode klaim / QR code with the claim";

pub(super) const VACCINATION: Words = words("Sertifikat vaksinasi", "Vaccination certificate");
pub(super) const TEST: Words = words("Sertifikat hasil tes", "Test certificate");
pub(super) const RECOVERY: Words = words("Sertifikat kesembuhan", "Recovery certificate");

pub(super) const NAME: Words = words("Nama", "Name");
pub(super) const NAME_IN_CODE: Words = words("tertulis di dalam kode QR", "written in the QR code");
pub(super) const LOT: Words = words("Nomor bets", "Lot");
pub(super) const PASSPORT_NAME: Words = words("Nama dalam bentuk paspor", "Name in passport form");
pub(super) const BIRTH_DATE: Words = words("Tanggal lahir", "Date of birth");
pub(super) const NOT_KNOWN: Words = words("tidak diketahui", "not known");
pub(super) const DAY_NOT_KNOWN: Words = words("hari tidak diketahui", "day not known");
pub(super) const DAY_AND_MONTH_NOT_KNOWN: Words =
    words("hari dan bulan tidak diketahui", "day and month not known");
pub(super) const DISEASE: Words = words("Penyakit", "Disease");
pub(super) const PRODUCT: Words = words("Vaksin", "Vaccine");
pub(super) const DOSE: Words = words("Dosis", "Dose");
pub(super) const DOSE_DATE: Words = words("Tanggal", "Date");
pub(super) const TEST_TYPE: Words = words("Jenis tes", "Type of test");
pub(super) const NUCLEIC_ACID: Words = words("Tes asam nukleat (PCR)", "Nucleic acid test (PCR)");
pub(super) const RAPID: Words = words("Tes antigen cepat", "Rapid antigen test");
pub(super) const TEST_NAME: Words = words("Nama tes", "Name of the test");
pub(super) const SAMPLED: Words = words("Sampel diambil", "Sample taken");
pub(super) const RESULT: Words = words("Hasil", "Result");
pub(super) const DETECTED: Words = words("Terdeteksi", "Detected");
pub(super) const NOT_DETECTED: Words = words("Tidak terdeteksi", "Not detected");
pub(super) const CENTRE: Words = words("Tempat tes", "Test centre");
pub(super) const FIRST_POSITIVE: Words = words("Positif pertama", "First positive result");
pub(super) const STATED_FROM: Words = words("Sembuh sejak", "Recovered from");
pub(super) const STATED_UNTIL: Words = words("Sembuh hingga", "Recovered until");
pub(super) const COUNTRY: Words = words("Negara", "Country");
pub(super) const FORM: Words = words("Bentuk", "Form");
pub(super) const ISSUER: Words = words("Penerbit", "Issuer");
pub(super) const CERTIFICATE: Words = words("Nomor sertifikat", "Certificate identifier");
pub(super) const ISSUED: Words = words("Diterbitkan", "Issued");
pub(super) const VALID_UNTIL: Words = words("Kode berlaku hingga", "Code valid until");
pub(super) const DATES: Words = words(
    "Tanggal ditulis tahun-bulan-hari.",
    "Dates are written year-month-day.",
);

pub(super) const BEFORE_TRAVEL: Words = words("Sebelum bepergian", "Before you travel");
pub(super) const RULES_DIFFER: Words = words(
    "Setiap negara menentukan sendiri sertifikat mana yang diterimanya dan untuk berapa lama. Tanyakan aturan negara \
     tujuan dan maskapai Anda sebelum berangkat.",
    "Each country decides for itself which certificates it accepts and for how long. Ask for the rules of your destination \
     and of your airline before you leave.",
);
pub(super) const KEEP: Words = words("Simpan baik-baik", "Keep it safe");
pub(super) const WHO_SEES: Words = words(
    "Siapa pun yang memindai kode ini dapat membaca isinya. Tunjukkan hanya kepada yang berhak memeriksa, dan jangan \
     mengunggah fotonya.",
    "Whoever scans this code can read what is in it. Show it only to those who may check it, and post no picture of it.",
);
pub(super) const FOLD: Words = words("Cara melipat", "How to fold");
pub(super) const FOLDED: Words = words(
    "Lipat ke belakang di garis putus-putus, bagian tercetak di luar: dua kali menjadi seperempat halaman, sekali lagi \
     menjadi seukuran dompet. Kode QR tidak terlipat.",
    "Fold backwards along the dashed lines, print outside: twice to a quarter page, once more to the size of a wallet. No \
     fold runs through the QR code.",
);
pub(super) const CONTENTS: Words = words("Isi kode QR", "What the QR code contains");
pub(super) const CONTAINED: Words = words(
    "Hanya isi halaman ini, dengan kode resmi produk dan produsennya, ditandatangani secara digital. Tidak ada NIK, alamat, \
     atau nomor telepon di dalamnya, dan tidak seorang pun memerlukan NIK Anda untuk memeriksanya.",
    "Only what this page says, with the official codes of product and manufacturer, digitally signed. It holds no identity \
     number (NIK), address or telephone number, and nobody needs your identity number to check it.",
);
pub(super) const VERIFY: Words = words("Cara memeriksa", "How to check it");
pub(super) const VERIFIED: Words = words(
    "Pindai kode QR dengan aplikasi pemeriksa resmi. Percayai yang ditampilkan aplikasi, bukan yang tercetak di sini, lalu \
     cocokkan nama dan tanggal lahir dengan paspor atau kartu identitas.",
    "Scan the QR code with an official verifier. Trust what it shows, not what is printed here, and compare name and date of \
     birth with a passport or identity card.",
);
pub(super) const WRONG: Words = words("Ada yang salah?", "Something wrong?");
pub(super) const CORRECTED: Words = words(
    "Minta fasilitas yang melaporkannya memperbaiki data itu. Anda mendapat slip dan sertifikat baru; yang lama tidak \
     berlaku lagi.",
    "Ask the facility that reported it to correct it. You get a new slip and a new certificate; the old one is then no \
     longer valid.",
);

pub(super) const SLIP: Words = words("Ambil sertifikat Anda", "Fetch your certificate");
pub(super) const CLAIM: Words = words("Kode klaim", "Claim");
pub(super) const FETCH_AT: Words = words(
    "Masukkan atau pindai kode ini di",
    "Enter or scan this code at",
);
pub(super) const FACILITY: Words = words("Fasilitas", "Facility");
pub(super) const MADE: Words = words("Dibuat", "Made");
pub(super) const UNTIL: Words = words("Berlaku hingga", "Valid until");
pub(super) const BEARER: Words = words(
    "Siapa pun yang memegang slip ini dapat mengambil sertifikatnya: simpanlah. Hilang? Minta slip baru di fasilitas; yang \
     lama mati.",
    "Whoever has this can fetch the certificate: keep it. Lost? Ask the facility for a new slip; the old one dies.",
);
