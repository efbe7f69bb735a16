//! Rows side by side: every row does the same work once a round, in turns of a few milliseconds.
//!
//! Refuses to compare figures of different runs, and rounds without their noise: it prints minimum and median.
//!
//! A row walks over its items in steps. In a round the rows take turns, a step each, until all have done all their
//! items; so a disturbance hits neighbours alike, and every round of a row is the same work. The minimum of a row is the
//! sum over its steps of the shortest time that the step took in any round, the median is that of the middle times.

use serde_json::json;
use std::fs;
use std::ops::Range;
use std::time::{Duration, Instant};

/// How a comparison runs and prints.
#[derive(Clone, Debug)]
pub struct Options {
    /// How often every row does its work.
    pub rounds: usize,
    /// Print one JSON object a line in place of text.
    pub json: bool,
    others: Vec<(String, String)>,
}

impl Options {
    /// The options of the command line: `--rounds N`, `--quick` for one round, `--json`, and whatever of `more` stands
    /// there, each with a value.
    ///
    /// # Errors
    /// A sentence for whoever typed it.
    pub fn from_arguments(more: &[&str]) -> Result<Self, String> {
        let mut options = Self {
            rounds: DEFAULT_ROUNDS,
            json: false,
            others: Vec::new(),
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || {
                let value = arguments.next();
                value.ok_or_else(|| format!("{argument} needs a value"))
            };
            match argument.as_str() {
                "--json" => options.json = true,
                "--quick" => options.rounds = 1,
                "--rounds" => {
                    let rounds = value()?.parse().ok().filter(|rounds| *rounds > 0);
                    options.rounds = rounds.ok_or("--rounds is a number from 1")?;
                }
                other if more.contains(&other) => {
                    let value = value()?;
                    options.others.push((argument.clone(), value));
                }
                other => return Err(format!("{other} is not known")),
            }
        }
        Ok(options)
    }

    /// The values of the option `name`, as often as it was given.
    pub fn others<'o>(&'o self, name: &str) -> impl Iterator<Item = &'o str> {
        let found = self.others.iter().filter(move |(given, _)| given == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Says what is about to happen; where JSON is asked for, on standard error.
    pub fn say(&self, sentence: &str) {
        if self.json {
            eprintln!("{sentence}");
        } else {
            println!("{sentence}");
        }
    }
}

struct Row<'a> {
    name: String,
    items: usize,
    grain: usize,
    reference: bool,
    run: Box<dyn FnMut(Range<usize>) + 'a>,
}

/// Rows to compare.
pub struct Table<'a> {
    title: String,
    rows: Vec<Row<'a>>,
}

impl<'a> Table<'a> {
    /// A table without rows; `title` says what one item is.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            rows: Vec::new(),
        }
    }

    /// Adds a row that does the items `0..items`, any number of `grain` at once; `run` is handed the items of a step.
    pub fn row(
        &mut self,
        name: impl Into<String>,
        items: usize,
        grain: usize,
        run: impl FnMut(Range<usize>) + 'a,
    ) {
        assert!(items > 0 && grain > 0, "a row does something");
        self.rows.push(Row {
            name: name.into(),
            items,
            grain,
            reference: false,
            run: Box::new(run),
        });
    }

    /// The same for a row that all rows are compared with.
    pub fn reference(
        &mut self,
        name: impl Into<String>,
        items: usize,
        grain: usize,
        run: impl FnMut(Range<usize>) + 'a,
    ) {
        self.row(name, items, grain, run);
        if let Some(row) = self.rows.last_mut() {
            row.reference = true;
        }
    }

    /// Runs every row once to warm up and to size its steps, then all rounds.
    pub fn measure(mut self, options: &Options) -> Figures {
        let mut steps: Vec<Vec<Range<usize>>> = self.rows.iter_mut().map(steps).collect();
        let mut times: Vec<Vec<Vec<Duration>>> = steps
            .iter()
            .map(|steps| vec![Vec::new(); steps.len()])
            .collect();
        let turns = steps.iter().map(Vec::len).max().unwrap_or_default();
        for _ in 0..options.rounds {
            for turn in 0..turns {
                for ((row, steps), times) in self.rows.iter_mut().zip(&mut steps).zip(&mut times) {
                    let Some(step) = steps.get(turn) else {
                        continue;
                    };
                    let started = Instant::now();
                    (row.run)(step.clone());
                    times[turn].push(started.elapsed());
                }
            }
        }
        let figures = self.rows.iter().zip(&mut times).map(|(row, times)| {
            times.iter_mut().for_each(|step| step.sort_unstable());
            let per_item = |at: fn(&[Duration]) -> Duration| {
                let sum: Duration = times.iter().map(|step| at(step)).sum();
                sum.as_nanos() as f64 / row.items as f64
            };
            Figure {
                name: row.name.clone(),
                min_ns: per_item(|sorted| sorted[0]),
                median_ns: per_item(|sorted| sorted[sorted.len() / 2]),
                reference: row.reference,
            }
        });
        Figures {
            title: self.title,
            rounds: options.rounds,
            load: load(),
            rows: figures.collect(),
        }
    }
}

/// One run over all items of `row`, and the steps of about [`STEP`] that follow from how long it took.
fn steps(row: &mut Row) -> Vec<Range<usize>> {
    let started = Instant::now();
    for from in (0..row.items).step_by(row.grain) {
        (row.run)(from..row.items.min(from + row.grain));
    }
    let an_item = started.elapsed().as_secs_f64() / row.items as f64;
    let grains = (STEP.as_secs_f64() / an_item / row.grain as f64).round() as usize;
    let size = grains.max(1) * row.grain;
    let ranges = (0..row.items).step_by(size);
    ranges
        .map(|from| from..row.items.min(from + size))
        .collect()
}

/// What a row came to, an item.
#[derive(Debug)]
struct Figure {
    name: String,
    min_ns: f64,
    median_ns: f64,
    reference: bool,
}

/// What a table came to.
#[derive(Debug)]
pub struct Figures {
    title: String,
    rounds: usize,
    load: String,
    rows: Vec<Figure>,
}

impl Figures {
    /// Prints the rows, each with how many times as fast as every reference it is: by minima, then by medians.
    pub fn print(&self, options: &Options) {
        let references: Vec<&Figure> = self.rows.iter().filter(|row| row.reference).collect();
        if options.json {
            let rows = self.rows.iter().map(|row| {
                let times = references.iter().map(|it| {
                    let ratio = json!({
                        "min": it.min_ns / row.min_ns,
                        "median": it.median_ns / row.median_ns,
                    });
                    (it.name.clone(), ratio)
                });
                let times: serde_json::Map<_, _> = times.collect();
                json!({ "name": row.name, "min_ns": row.min_ns, "median_ns": row.median_ns, "times_as_fast_as": times })
            });
            println!(
                "{}",
                json!({
                    "title": self.title,
                    "machine": machine(),
                    "load": self.load,
                    "rounds": self.rounds,
                    "rows": rows.collect::<Vec<_>>(),
                })
            );
            return;
        }
        let rounds = match self.rounds {
            1 => "1 round".to_owned(),
            more => format!("{more} rounds"),
        };
        println!("\n{} ({rounds}, load {})", self.title, self.load);
        let width = self.rows.iter().map(|row| row.name.chars().count()).max();
        let width = width.unwrap_or_default().max("row".len());
        print!(
            "{:width$} {:>11} {:>11} {:>9}",
            "row", "min ns", "median ns", "per s"
        );
        for reference in &references {
            print!("  {:>20}", format!("x {}", short(&reference.name)));
        }
        println!();
        for row in &self.rows {
            print!(
                "{:width$} {:>11.0} {:>11.0} {:>9.0}",
                row.name,
                row.min_ns,
                row.median_ns,
                1e9 / row.min_ns
            );
            for reference in &references {
                let min = reference.min_ns / row.min_ns;
                let median = reference.median_ns / row.median_ns;
                print!("  {:>20}", format!("{} ({})", times(min), times(median)));
            }
            println!();
        }
    }
}

/// How many times as fast, in about three digits.
fn times(ratio: f64) -> String {
    if ratio < 0.1 {
        format!("{ratio:.3}")
    } else {
        format!("{ratio:.2}")
    }
}

fn short(name: &str) -> &str {
    name.split([',', ' ']).next().unwrap_or(name)
}

/// The machine in a line: its processor and how many of them are there.
pub fn machine() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("a processor without a name", |it| {
        it.trim_start_matches(['\t', ':', ' '])
    });
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{model}, {cores} to this process")
}

/// The load average of the last minute: how quiet the machine was.
fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or_default().to_owned()
}

const DEFAULT_ROUNDS: usize = 15;
const STEP: Duration = Duration::from_millis(3);
