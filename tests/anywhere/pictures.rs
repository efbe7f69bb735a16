//! Published pictures of codes, read here and behind the doors of the module.

use crate::doors;
use crate::support::{conformance_dir, skipped};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lintas::scan::picture;
use serde_json::{Value, json};
use std::fs;

/// Points of the pictures that are asked about: larger ones say no more.
const MAX_POINTS: u32 = 700_000;

#[test]
fn every_picture_is_read_alike() {
    let Some(conformance) = conformance_dir() else {
        return skipped("the published pictures are not here");
    };
    let paths = fs::read_dir(conformance.join("dcc-png")).unwrap();
    let mut paths: Vec<_> = paths.map(|it| it.unwrap().path()).collect();
    paths.sort();
    let (mut ours, mut asked) = (Vec::new(), Vec::new());
    for path in paths {
        let Ok(picture) = image::open(&path).map(|it| it.to_rgba8()) else {
            continue;
        };
        let (width, height) = picture.dimensions();
        if width * height > MAX_POINTS {
            continue;
        }
        let text = picture::text(picture::grey(&picture), width, height).ok();
        ours.push(text.map_or(Value::Null, Value::from));
        let rgba = BASE64_STANDARD.encode(picture.as_raw());
        asked.push(json!({ "rgba": rgba, "width": width, "height": height }));
    }
    let read = ours.iter().filter(|it| it.is_string()).count();
    println!("{read} of {} pictures", ours.len());
    assert!(read > 5, "{read} of {}", ours.len());
    let questions = json!({ "pictures": asked });
    for package in doors::packages() {
        for door in [doors::node, doors::browser] {
            if let Some(theirs) = door(&package, &questions) {
                assert_eq!(theirs["pictures"], json!(ours));
            }
        }
    }
}
