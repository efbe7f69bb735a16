//! Rows of what is asked and what has to come back, each sent over a real connection.

use crate::ground::{Ground, Land};
use crate::support::country::Identity;
use crate::support::gateway::{Answer, read};
use lintas::exchange::dgcg::Dialect;
use reqwest::Method;
use serde_json::Value;

pub(crate) const EU: Dialect = Dialect::Eu;
pub(crate) const TNG: Dialect = Dialect::Tng;

/// What is asked.
#[derive(Clone)]
pub(crate) struct Ask<'i> {
    who: &'i Identity,
    method: Method,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Option<String>,
}

/// `GET path` by `land`.
pub(crate) fn get<'i>(land: &'i Land, path: &str) -> Ask<'i> {
    ask(&land.tls, Method::GET, path)
}

/// `POST path` with a message that holds a certificate.
pub(crate) fn post<'i>(land: &'i Land, path: &str, body: &str) -> Ask<'i> {
    ask(&land.tls, Method::POST, path)
        .of("application/cms")
        .body(body)
}

/// `DELETE path` with a message that holds a certificate.
pub(crate) fn delete<'i>(land: &'i Land, path: &str, body: &str) -> Ask<'i> {
    ask(&land.tls, Method::DELETE, path)
        .of("application/cms")
        .body(body)
}

/// Anything by anybody.
pub(crate) fn ask<'i>(who: &'i Identity, method: Method, path: &str) -> Ask<'i> {
    Ask {
        who,
        method,
        path: path.to_owned(),
        headers: Vec::new(),
        body: None,
    }
}

impl Ask<'_> {
    /// With this media type in the place of any other.
    pub(crate) fn of(mut self, media_type: &str) -> Self {
        self.headers.retain(|(name, _)| *name != "content-type");
        self.with("content-type", media_type)
    }

    /// With one more header.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With changes asked for since `at`.
    pub(crate) fn since(self, at: impl ToString) -> Self {
        self.with("if-modified-since", at.to_string())
    }

    pub(crate) fn body(self, body: impl Into<String>) -> Self {
        Self {
            body: Some(body.into()),
            ..self
        }
    }
}

/// What has to come back beside the status.
pub(crate) enum Says<'s> {
    /// Nothing at all.
    Nothing,
    /// Exactly this JSON.
    Json(Value),
    /// Exactly these bytes.
    Text(&'s str),
    /// JSON of which this holds.
    That(&'s dyn Fn(&Value) -> bool),
    /// A problem report with this code.
    Code(&'s str),
    /// A problem report with exactly these members, in this order: code, problem, sendValue, details.
    Report([&'s str; 4]),
}

/// Rows that are sent one after the other, at one gateway.
pub(crate) struct Table<'g> {
    name: &'static str,
    ground: &'g Ground,
    count: usize,
    wrong: Vec<String>,
}

impl<'g> Table<'g> {
    pub(crate) fn of(name: &'static str, ground: &'g Ground) -> Self {
        Self {
            name,
            ground,
            count: 0,
            wrong: Vec::new(),
        }
    }

    /// One row: at the door of `dialect`, `ask` is answered with `status`, and with what `says` says.
    pub(crate) async fn row(
        &mut self,
        dialect: Dialect,
        ask: Ask<'_>,
        status: u16,
        says: Says<'_>,
    ) -> Answer {
        self.count += 1;
        let url = format!("{}{}", self.ground.at(dialect), ask.path);
        let client = self.ground.client(ask.who);
        let mut request = client.request(ask.method.clone(), url);
        for (name, value) in &ask.headers {
            request = request.header(*name, value);
        }
        if let Some(body) = &ask.body {
            request = request.body(body.clone());
        }
        let answer = read(request).await;
        if answer.status != status || !says.holds(&answer) {
            let shown: String = answer.text.chars().take(300).collect();
            self.wrong.push(format!(
                "row {} ({} {} {}): {status} was expected, {} came: {shown}",
                self.count,
                dialect.name(),
                ask.method,
                ask.path,
                answer.status,
            ));
        }
        answer
    }

    /// How many rows there were, if all of them came as expected.
    pub(crate) fn end(self) -> usize {
        let (name, wrong) = (self.name, self.wrong);
        assert!(wrong.is_empty(), "{name}:\n{}", wrong.join("\n"));
        eprintln!("{name}: {} rows", self.count);
        self.count
    }
}

impl Says<'_> {
    fn holds(&self, answer: &Answer) -> bool {
        let json = || serde_json::from_str::<Value>(&answer.text).ok();
        let is_json = answer
            .headers
            .get("content-type")
            .is_some_and(|it| it.as_bytes().starts_with(b"application/json"));
        match self {
            Self::Nothing => answer.text.is_empty(),
            Self::Json(expected) => is_json && json().as_ref() == Some(expected),
            Self::Text(expected) => answer.text == *expected,
            Self::That(holds) => is_json && json().is_some_and(|it| holds(&it)),
            Self::Code(code) => is_json && report(answer).is_some_and(|it| it[0] == *code),
            Self::Report(members) => is_json && report(answer).is_some_and(|it| it == *members),
        }
    }
}

/// The members of a problem report, if it is one: four texts, in their order.
fn report(answer: &Answer) -> Option<[String; 4]> {
    let body: Value = serde_json::from_str(&answer.text).ok()?;
    let members = body.as_object()?;
    if !members
        .keys()
        .eq(["code", "problem", "sendValue", "details"])
    {
        return None;
    }
    let texts: Option<Vec<_>> = members
        .values()
        .map(|it| it.as_str().map(str::to_owned))
        .collect();
    texts?.try_into().ok()
}
