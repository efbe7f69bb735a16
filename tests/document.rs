//! What holders get on paper and as pictures, as other programs read it: codes by rxing, files by poppler.
//!
//! The pages that are looked at are left in `target/tmp`.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]
#![cfg(feature = "server")]

mod support;

use std::collections::BTreeSet;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::Command;

use image::{DynamicImage, ImageFormat};
use lintas::failure::Code;
use lintas::issue::event::Profile;
use lintas::issue::{self, Claims, Issuer};
use lintas::model::{Country, Entry, HealthCertificate, UnixTime};
use lintas::server::document::{self, MAX_PIXELS_PER_MODULE, Sheet, Slip};
use rxing::BarcodeFormat;
use support::{RECOVERY, TEST, TestSigner, VACCINATION, issued_at, skipped};

#[test]
fn the_code_of_every_sheet_reads_back_from_paper() {
    if !has_poppler() {
        return;
    }
    for (number, case) in cases().into_iter().enumerate() {
        let file = saved(&case.name, &case.pdf());
        let mut page = rendered(&file);
        if number > 0 {
            // What is left on the outside of the folded sheet; the first one is read unfolded.
            page = page.crop_imm(0, 0, page.width() / 2, page.height() / 2);
        }
        assert_eq!(read(&page), case.text, "{}", case.name);
        let mut jpeg = Cursor::new(Vec::new());
        let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut jpeg, 60);
        page.to_luma8().write_with_encoder(encoder).unwrap();
        let again = image::load_from_memory_with_format(&jpeg.into_inner(), ImageFormat::Jpeg);
        assert_eq!(read(&again.unwrap()), case.text, "{} as JPEG", case.name);
    }
}

#[test]
fn the_code_reads_back_from_a_picture_of_any_size() {
    let text = &cases()[0].text;
    for pixels in [1, 2, 5, MAX_PIXELS_PER_MODULE] {
        let file = document::png(text, pixels).unwrap();
        let picture = image::load_from_memory_with_format(&file, ImageFormat::Png).unwrap();
        let side = u32::from(issue::modules(text).unwrap().side() + 2 * issue::QUIET_ZONE) * pixels;
        assert_eq!((picture.width(), picture.height()), (side, side));
        // The reader wants more than a pixel to a module.
        let picture = match pixels {
            1 => picture.resize_exact(4 * side, 4 * side, image::imageops::FilterType::Nearest),
            _ => picture,
        };
        if pixels <= 5 {
            assert_eq!(&read(&picture), text, "{pixels} pixels");
        }
    }
    for pixels in [0, MAX_PIXELS_PER_MODULE + 1, u32::MAX] {
        let refused = document::png(text, pixels).unwrap_err();
        assert_eq!(refused.code(), Code::RequestInvalid);
    }
    let refused = document::png(&"a".repeat(5000), 1).unwrap_err();
    assert_eq!(refused.code(), Code::InputTooLarge);
}

#[test]
fn svg_and_picture_draw_the_same_code() {
    let text = &cases()[0].text;
    let (svg, modules) = (issue::svg(text).unwrap(), issue::modules(text).unwrap());
    let path = svg
        .split("d=\"")
        .find(|path| path.contains("h1v1h-1"))
        .unwrap();
    let squares: BTreeSet<(u8, u8)> = path
        .split('M')
        .filter_map(|square| {
            let (x, rest) = square.split_once(',')?;
            let (y, _) = rest.split_once('h')?;
            Some((x.parse().ok()?, y.parse().ok()?))
        })
        .collect();
    let drawn: BTreeSet<(u8, u8)> = modules
        .runs()
        .flat_map(|(x, y, length)| {
            (x..x + length).map(move |x| (x + issue::QUIET_ZONE, y + issue::QUIET_ZONE))
        })
        .collect();
    assert_eq!(squares, drawn);
    assert!(drawn.len() > 1000);
}

#[test]
fn a_sheet_says_in_both_languages_what_the_certificate_states() {
    if !has_poppler() {
        return;
    }
    for case in cases() {
        let said = words_of(&saved(&format!("{}-words", case.name), &case.pdf()));
        for part in case.says {
            assert!(said.contains(part), "{}: no `{part}` in {said}", case.name);
        }
        for part in [
            "Lintas Test Ministry",
            "Sebelum bepergian",
            "Before you travel",
            "identity number",
        ] {
            assert!(said.contains(part), "{}: no `{part}`", case.name);
        }
        let uvci = case.certificate.entry.uvci().as_str();
        assert!(said.replace(' ', "").contains(uvci), "{}", case.name);
    }
}

#[test]
fn fonts_are_within_and_the_file_says_nothing_of_the_holder_about_itself() {
    let [case, ..] = cases()
        .try_into()
        .ok()
        .map(|cases: [Case; 6]| cases)
        .unwrap();
    let pdf = case.pdf();
    let name = case.certificate.person.name.clone();
    let (family, given) = (name.family.unwrap(), name.given.unwrap());
    for secret in [
        family.as_str(),
        given.as_str(),
        "KUSUMAWARDHANI",
        "1987-03-09",
    ] {
        assert!(
            !contains(&pdf, secret.as_bytes()),
            "{secret} stands open in the file"
        );
        let wide: Vec<u8> = secret.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert!(!contains(&pdf, &wide), "{secret} stands open in the file");
    }
    for part in [
        "/Lang",
        "pdfaid:part>2<",
        "pdfuaid:part>1<",
        "/StructTreeRoot",
    ] {
        assert!(contains(&pdf, part.as_bytes()), "{part}");
    }
    if !has_poppler() {
        return;
    }
    let file = saved("metadata", &pdf);
    let about = run("pdfinfo", &["-meta"], &file) + &run("pdfinfo", &[], &file);
    assert!(
        about.contains("Sertifikat kesehatan / Health certificate"),
        "{about}"
    );
    assert!(about.contains("Pages:           1"), "{about}");
    assert!(!about.contains("Kusumawardhani") && !about.contains("Dewi"));
    let fonts = run("pdffonts", &[], &file);
    let rows: Vec<&str> = fonts.lines().skip(2).collect();
    assert!(!rows.is_empty());
    for row in rows {
        let columns: Vec<&str> = row.split_whitespace().rev().collect();
        // From the right: object (two), unicode, subset, embedded.
        assert_eq!(columns[2..5], ["yes", "yes", "yes"], "{row}");
    }
}

#[test]
fn two_persons_with_one_certificate_number_get_files_with_the_same_ids() {
    let ids = |claims: &str| {
        let certificate = certificate(claims);
        let pdf = sheet_of(&certificate, "HC1:TEXT", Profile::EuDcc, &[]);
        let text = String::from_utf8_lossy(&document::pdf(&pdf).unwrap()).into_owned();
        let trailer = text.rfind("/ID").unwrap();
        let xmp = text.find("<xmpMM:InstanceID>").unwrap();
        (
            text[trailer..trailer + 60].to_owned(),
            text[xmp..xmp + 60].to_owned(),
        )
    };
    assert_eq!(ids(VACCINATION), ids(RECOVERY));
}

#[test]
fn the_same_sheet_is_the_same_file() {
    for case in cases() {
        assert_eq!(case.pdf(), case.pdf(), "{}", case.name);
    }
}

#[test]
fn odd_texts_break_no_sheet() {
    let odd = [
        "\u{202e}\u{2066}Siti\u{2069}\u{202c}",
        "\u{0}\u{1}\u{7f}\u{85}",
        "👩‍⚕️🇮🇩",
        "e\u{301}\u{301}\u{301}\u{301}\u{301}",
        "\u{301}\u{301}",
        "محمد 123 Siti שלום",
        "שָׁלוֹם",
        "مُحَمَّدٌ",
        "ไทย हिन्दी 山田太郎",
        "\u{fffd}\u{fffe}\u{ffff}\u{10ffff}\u{e000}",
        "\u{2028}\u{2029}\u{a0}\u{3000}",
        "()\\<>[]{}/%",
        "ﷺﷺﷺﷺﷺﷺﷺﷺ",
        "W\u{200d}W\u{200c}W",
        "ߊߋߌ ⵣⵣⵣ ლევან Հայկ",
    ];
    let long = "WWWWWWWWWW".repeat(1000);
    let many = "ạ̈ ".repeat(2000);
    for text in odd
        .iter()
        .copied()
        .chain([long.as_str(), many.as_str(), ""])
    {
        for base in [VACCINATION, TEST, RECOVERY] {
            let mut certificate = certificate(base);
            let name = &mut certificate.person.name;
            (name.family, name.given) = (Some(text.into()), Some(text.into()));
            (name.family_icao, name.given_icao) = (Some(text.into()), None);
            match &mut certificate.entry {
                Entry::Vaccination(it) => {
                    (it.dose, it.doses) = (u32::MAX, u32::MAX);
                    it.country = text.into();
                    it.disease.0 = text.into();
                }
                Entry::Test(it) => {
                    (it.name, it.centre) = (Some(text.into()), Some(text.into()));
                    it.result.0 = text.into();
                }
                Entry::Recovery(it) => it.country = text.into(),
            }
            let mut sheet = sheet_of(&certificate, "HC1:TEXT", Profile::WhoDdcc, Code::ALL);
            (sheet.issuer, sheet.product) = (text, Some(text));
            sheet.issued_at = UnixTime::EPOCH;
            sheet.expires_at = UnixTime::END;
            document::pdf(&sheet).unwrap_or_else(|failure| panic!("{text:?}: {failure}"));
        }
        let slip = Slip {
            facility: text,
            ..slip("AAAA")
        };
        document::slips(&[slip], text).unwrap();
    }
}

#[test]
fn a_slip_bears_its_claim_in_letters_and_as_a_code() {
    let claims: Vec<String> = (0..11)
        .map(|n| format!("K7QX-M2PA-9ZRT-4HWB-C6ND-V8EY-J3{n:02}"))
        .collect();
    let slips: Vec<Slip> = claims.iter().map(|claim| slip(claim)).collect();
    let address = "https://sertifikat.example.id/ambil";
    let pdf = document::slips(&slips, address).unwrap();
    assert_eq!(pdf, document::slips(&slips, address).unwrap());
    assert_eq!(
        document::slips(&[], address).unwrap_err().code(),
        Code::RequestInvalid
    );
    if !has_poppler() {
        return;
    }
    let file = saved("slips", &pdf);
    let said = words_of(&file).replace(' ', "");
    for claim in &claims {
        assert!(said.contains(claim.as_str()), "no {claim} in {said}");
    }
    assert!(said.contains("Puskesmas"));
    assert!(run("pdfinfo", &[], &file).contains("Pages:           2"));
    let page = rendered(&file);
    let (wide, high) = (page.width() / 2, page.height() / 4);
    let corners = (0..4).flat_map(|row| [(0, row * high), (wide, row * high)]);
    for ((x, y), claim) in corners.zip(&claims) {
        assert_eq!(&read(&page.crop_imm(x, y, wide, high)), claim);
    }
}

struct Case {
    name: String,
    certificate: HealthCertificate,
    text: String,
    profile: Profile,
    warnings: &'static [Code],
    says: &'static [&'static str],
}

impl Case {
    fn pdf(&self) -> Vec<u8> {
        let sheet = sheet_of(&self.certificate, &self.text, self.profile, self.warnings);
        document::pdf(&sheet).unwrap()
    }
}

/// What is looked at: the usual sheet, long names, a name in another script, a warning, a test, a recovery.
fn cases() -> Vec<Case> {
    let signer = TestSigner::new(7);
    let case = |name: &str, claims: &str, profile, warnings, says| Case {
        name: name.to_owned(),
        certificate: certificate(claims),
        text: signer.issue(claims),
        profile,
        warnings,
        says,
    };
    let (family, given) = ("Wwwwwwwwwww ".repeat(7), "Mmmmmmmmmmm ".repeat(7));
    let (family, given) = (family[..80].trim(), given[..80].trim());
    let long = VACCINATION
        .replace("Kusumawardhani", family)
        .replace("Dewi Sartika", given);
    let mut cases = vec![
        case(
            "vaccination",
            VACCINATION,
            Profile::EuDcc,
            &[],
            &[
                "Dewi Sartika Kusumawardhani",
                "KUSUMAWARDHANI<<DEWI<SARTIKA",
                "1987-03-09",
                "CoronaVac",
                "2 dari 2 / 2 of 2",
                "2026-05-20",
                "COVID-19",
            ],
        ),
        case(
            "long",
            &long,
            Profile::EuDcc,
            &[],
            &["Wwwwwwwwwww Wwww", "MMMMMMMMMMM"],
        ),
        case(
            "who",
            &VACCINATION.replace("Dewi Sartika", "Nguyễn Thị Ķ"),
            Profile::WhoDdcc,
            &[Code::ProductHasNoEuCode],
            &[
                "Nguyễn Thị",
                "WHO Digital Documentation",
                "WHO DDCC",
                "A WHO certificate can be issued",
                "Sertifikat WHO dapat diterbitkan",
            ],
        ),
        case(
            "test",
            TEST,
            Profile::EuDcc,
            &[],
            &[
                "Suharto",
                "1964 (hari dan bulan tidak diketahui",
                "Tidak terdeteksi / Not detected",
                "2026-05-30 01:15 UTC",
                "Labkesda Probolinggo",
            ],
        ),
        case(
            "recovery",
            RECOVERY,
            Profile::EuDcc,
            &[],
            &[
                "François-Joan d'Arsøns - van Halen",
                "2000-05 (hari tidak diketahui / day not known)",
                "2026-04-02",
                "2026-04-13",
                "2026-09-29",
            ],
        ),
    ];
    let mut other = case(
        "script",
        VACCINATION,
        Profile::EuDcc,
        &[],
        &["KUSUMAWARDHANI<<DEWI<SARTIKA", "tertulis di dalam kode QR"],
    );
    other.certificate.person.name.family = Some("山田".into());
    cases.push(other);
    cases
}

fn certificate(claims: &str) -> HealthCertificate {
    let claims: Claims = serde_json::from_str(claims).unwrap();
    let issuer = Issuer {
        country: Country::DEMO,
        name: "Ministry of Tests".into(),
    };
    let uvci = issue::uvci_from_random(Country::DEMO, [0xa7; 16]).unwrap();
    issue::check(&claims, &issuer, uvci, issued_at()).unwrap()
}

fn sheet_of<'s>(
    certificate: &'s HealthCertificate,
    text: &'s str,
    profile: Profile,
    warnings: &'s [Code],
) -> Sheet<'s> {
    Sheet {
        certificate,
        text,
        profile,
        issued_at: issued_at(),
        expires_at: issued_at().plus(365 * 24 * 60 * 60),
        issuer: "Lintas Test Ministry of Health / Kementerian Kesehatan Uji Coba",
        product: match certificate.entry {
            Entry::Vaccination(_) => Some("CoronaVac (Sinovac)"),
            Entry::Test(_) | Entry::Recovery(_) => None,
        },
        warnings,
    }
}

fn slip(claim: &str) -> Slip<'_> {
    Slip {
        claim,
        facility: "Puskesmas Kecamatan Kebayoran Lama, Jakarta Selatan",
        made_at: issued_at(),
        until: issued_at().plus(90 * 24 * 60 * 60),
    }
}

/// Whether poppler is there; a word where it is not.
fn has_poppler() -> bool {
    let there = ["pdftoppm", "pdftotext", "pdffonts", "pdfinfo"]
        .iter()
        .all(|program| Command::new(program).arg("-v").output().is_ok());
    if !there {
        skipped("there is no poppler");
    }
    there
}

fn saved(name: &str, file: &[u8]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("document-{name}.pdf"));
    std::fs::write(&path, file).unwrap();
    path
}

fn run(program: &str, arguments: &[&str], file: &Path) -> String {
    let mut command = Command::new(program);
    let output = command.args(arguments).arg(file).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The text of `file`, with one space for white space.
fn words_of(file: &Path) -> String {
    let text = file.with_extension("txt");
    let mut command = Command::new("pdftotext");
    assert!(
        command
            .arg("-raw")
            .arg(file)
            .arg(&text)
            .status()
            .unwrap()
            .success()
    );
    let text = std::fs::read_to_string(text).unwrap();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The first page as a printer at 300 dots per inch has it.
fn rendered(file: &Path) -> DynamicImage {
    let stem = file.with_extension("");
    let mut command = Command::new("pdftoppm");
    let command = command.args(["-r", "300", "-gray", "-png", "-singlefile"]);
    assert!(command.arg(file).arg(&stem).status().unwrap().success());
    image::open(stem.with_extension("png")).unwrap()
}

fn read(picture: &DynamicImage) -> String {
    let grey = picture.to_luma8();
    let (width, height) = grey.dimensions();
    let code = Some(BarcodeFormat::QR_CODE);
    let read = rxing::helpers::detect_in_luma(grey.into_raw(), width, height, code);
    read.unwrap().getText().to_owned()
}

fn contains(bytes: &[u8], sought: &[u8]) -> bool {
    bytes.windows(sought.len()).any(|window| window == sought)
}
