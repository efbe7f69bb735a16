//! A folder of signed documents as a feed.

use crate::foreign::open;
use crate::support::issued_at;
use lintas::exchange::RecordKind;
use lintas::failure::Code;
use lintas::server::federation::Mark;
use std::fs::{self, File};

const KIND: RecordKind = RecordKind::ListDocument;

#[actix_web::test]
async fn every_visible_file_is_a_document_and_one_that_is_too_large_is_told() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("lists/at");
    fs::create_dir_all(folder.join("inside")).unwrap();
    fs::write(folder.join("list.cbor"), [0xa0, 0xff]).unwrap();
    fs::write(folder.join("list.sig"), "signature").unwrap();
    fs::write(folder.join(".hidden"), "").unwrap();
    let large = File::create(folder.join("large.bin")).unwrap();
    large.set_len((16 << 20) + 1).unwrap();
    let row = format!(
        "[[feed]]\nid = \"at\"\nkind = \"folder\"\nenvironment = \"test\"\npath = \"lists/at\"\nform = \"at\"\n\
         anchors = [\"{}\"]\n",
        "aa".repeat(32)
    );
    let feed = open(&row, data.path());
    let fetched = feed.fetch(&Mark::default(), issued_at()).await.unwrap();
    let documents = fetched
        .documents
        .iter()
        .map(|it| (it.name.as_str(), it.body.as_slice()));
    let documents: Vec<_> = documents.collect();
    assert_eq!(
        documents,
        [("list.cbor", &[0xa0, 0xff][..]), ("list.sig", b"signature")]
    );
    assert_eq!(fetched.standing, [(KIND, "large.bin".to_owned())]);
    assert_eq!(fetched.troubles[0].1.code(), Code::InputTooLarge);
    assert_eq!(
        (fetched.answered, fetched.complete),
        (vec![KIND], vec![KIND])
    );
    fs::remove_dir_all(&folder).unwrap();
    let failure = feed.fetch(&Mark::default(), issued_at()).await.unwrap_err();
    assert_eq!(failure.code(), Code::InputOutput);
}
