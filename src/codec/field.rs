//! Strings in header fields: in quotes, as structured fields have them, or bare, as many programs send them.
//!
//! Refuses what is not printable ASCII, what stands behind the string, and a bare one that could be anything else.
//! The caller has bounded the bytes: a header is as long as its server lets it be.
//!
//! Source: RFC 9651, section 3.3.3.

/// The characters that `value` stands for, all of it or nothing.
pub fn string(value: &[u8]) -> Option<Vec<u8>> {
    if !value.iter().all(|byte| (b' '..=b'~').contains(byte)) {
        return None;
    }
    let Some(quoted) = value.strip_prefix(b"\"") else {
        let bare = !value.iter().any(|byte| b" \"\\,;".contains(byte));
        return bare.then(|| value.to_vec());
    };
    let mut rest = quoted.strip_suffix(b"\"")?.iter();
    let mut string = Vec::new();
    while let Some(byte) = rest.next() {
        string.push(match byte {
            b'"' => return None,
            b'\\' => *rest.next().filter(|it| b"\"\\".contains(it))?,
            byte => *byte,
        });
    }
    Some(string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_is_read_with_and_without_quotes() {
        for (value, read) in [
            ("8e03978e-40d5", "8e03978e-40d5"),
            ("\"8e03978e-40d5\"", "8e03978e-40d5"),
            ("\"a b, c;d\"", "a b, c;d"),
            (r#""a\"b\\c""#, r#"a"b\c"#),
            ("", ""),
            ("\"\"", ""),
        ] {
            assert_eq!(string(value.as_bytes()).as_deref(), Some(read.as_bytes()));
        }
    }

    #[test]
    fn what_is_no_string_is_refused() {
        for value in [
            "\"", "\"a", "a\"", "a b", "a,b", "a;b=1", "\"a\"b\"", "\"a\";b", r#""a\b""#,
            r#""a\""#, r"a\b", "é", "\"\t\"",
        ] {
            assert_eq!(string(value.as_bytes()), None, "{value}");
        }
    }
}
