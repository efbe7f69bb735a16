//! What a line of the log looks like: one JSON object, written straight into the line, because there is one a request.
//!
//! Refuses spans: nothing here opens one, and a request is one event.

use std::fmt::{self, Write};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// An event as a JSON object: `timestamp`, `level`, `message` and the other fields as they come, `target`.
pub(super) struct JsonLine;

impl<S, N> FormatEvent<S, N> for JsonLine
where
    S: Subscriber + for<'s> LookupSpan<'s>,
    N: for<'w> FormatFields<'w> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut line: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        line.write_str("{\"timestamp\":\"")?;
        SystemTime.format_time(&mut line)?;
        line.write_str("\",\"level\":\"")?;
        line.write_str(event.metadata().level().as_str())?;
        line.write_str("\"")?;
        let mut fields = Fields {
            line: &mut line,
            written: Ok(()),
        };
        event.record(&mut fields);
        fields.text("target", event.metadata().target());
        fields.written?;
        line.write_str("}\n")
    }
}

/// Writes fields into a line; the first failure is kept.
struct Fields<'l, 'w> {
    line: &'l mut Writer<'w>,
    written: fmt::Result,
}

impl Fields<'_, '_> {
    fn text(&mut self, name: &str, value: impl fmt::Display) {
        let line = &mut *self.line;
        self.written = self.written.and_then(|()| {
            write!(line, ",\"{name}\":\"")?;
            write!(Escaped(line), "{value}")?;
            line.write_str("\"")
        });
    }

    /// A number or a truth, which stand in JSON as they are.
    fn bare(&mut self, name: &str, value: impl fmt::Display) {
        let line = &mut *self.line;
        self.written = self
            .written
            .and_then(|()| write!(line, ",\"{name}\":{value}"));
    }
}

impl Visit for Fields<'_, '_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.text(field.name(), format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.bare(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.bare(field.name(), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.bare(field.name(), value);
    }
}

/// Text within a JSON string.
struct Escaped<'l, 'w>(&'l mut Writer<'w>);

impl Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let special = |letter: char| matches!(letter, '"' | '\\') || letter.is_control();
        for part in text.split_inclusive(special) {
            let last = part.chars().next_back().filter(|last| special(*last));
            let plain = last.map_or(part, |last| part.strip_suffix(last).unwrap_or(part));
            self.0.write_str(plain)?;
            match last {
                None => {}
                Some('"') => self.0.write_str("\\\"")?,
                Some('\\') => self.0.write_str("\\\\")?,
                Some(control) => write!(self.0, "\\u{:04x}", u32::from(control))?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::log::Log;
    use serde_json::{Value, json};
    use std::io;
    use std::sync::mpsc::{Sender, channel};

    struct Lines(Sender<Vec<u8>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.0.send(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_event_is_one_line_of_json_whatever_is_in_it() {
        let (sent, read) = channel();
        let (log, written) = Log::to(Lines(sent));
        let builder = tracing_subscriber::fmt().with_writer(log);
        let subscriber = builder.event_format(JsonLine).finish();
        let odd = "a\"b\\c\nd\u{7f}\u{1b}é\u{2028}";
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(odd, shown = %odd, debugged = ?odd, count = 7_u64, less = -1, yes = true, none = None::<&str>, "said {odd}");
            tracing::warn!("second");
        });
        drop(written);
        let text: Vec<u8> = read.iter().flatten().collect();
        let text = String::from_utf8(text).unwrap();
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 2);
        let first = &lines[0];
        assert_eq!(
            (&first["level"], &first["message"]),
            (&json!("INFO"), &json!(format!("said {odd}")))
        );
        assert_eq!((&first["odd"], &first["shown"]), (&json!(odd), &json!(odd)));
        assert_eq!(first["debugged"], format!("{odd:?}"));
        assert_eq!(first["count"], 7);
        assert_eq!(first["less"], -1);
        assert_eq!(first["yes"], true);
        assert!(first.get("none").is_none() && first["timestamp"].is_string());
        assert_eq!(first["target"], "lintas::server::log_line::tests");
        assert_eq!(lines[1]["level"], "WARN");
    }
}
