//! Answers that are kept for whoever asks the same again.

use crate::ground::{Ground, at};
use crate::on_both;
use lintas::failure::Code;
use lintas::server::store::Store;
use lintas::server::store::issuing::{ANSWER_S, Attempt, Begun, MAX_ANSWER, RUNNING_S};

on_both! {
    one_is_the_first_and_the_others_hear_its_answer
    whoever_does_not_end_is_overtaken
    an_answer_is_erased_after_a_day
    of_many_on_two_nodes_one_is_the_first
    a_row_that_was_altered_is_nobodys
}

/// An attempt at `request` under `key`, known from others by `id`.
fn attempt(key: u8, request: u8, id: u8) -> Attempt {
    Attempt {
        slot: [key; 32],
        request: [request; 32],
        id: [id; 16],
    }
}

async fn begin(store: &dyn Store, attempt: &Attempt, seconds: i64) -> Begun {
    store.begin_answer(attempt, at(seconds)).await.unwrap()
}

async fn end(store: &dyn Store, attempt: &Attempt, answer: Option<&[u8]>, seconds: i64) {
    store
        .end_answer(attempt, answer, at(seconds))
        .await
        .unwrap();
}

fn answered(answer: &[u8]) -> Begun {
    Begun::Answered(answer.to_vec())
}

async fn one_is_the_first_and_the_others_hear_its_answer(ground: Ground) {
    let store = ground.open().await;
    let (first, again, other) = (attempt(1, 1, 1), attempt(1, 1, 2), attempt(1, 9, 3));
    assert_eq!(begin(store.as_ref(), &first, 0).await, Begun::First);
    assert_eq!(begin(store.as_ref(), &again, 1).await, Begun::Running);
    assert_eq!(begin(store.as_ref(), &other, 1).await, Begun::Other);
    assert_eq!(
        begin(store.as_ref(), &attempt(2, 1, 4), 1).await,
        Begun::First
    );
    for odd in [Vec::new(), vec![0; MAX_ANSWER + 1]] {
        let refused = store.end_answer(&first, Some(&odd), at(2)).await;
        assert_eq!(refused.unwrap_err().code(), Code::RequestInvalid);
    }
    let largest = vec![7; MAX_ANSWER];
    end(store.as_ref(), &first, Some(&largest), 2).await;
    assert_eq!(begin(store.as_ref(), &again, 3).await, answered(&largest));
    assert_eq!(begin(store.as_ref(), &other, 3).await, Begun::Other);
    // An answer stands.
    end(store.as_ref(), &first, Some(b"another"), 4).await;
    end(store.as_ref(), &first, None, 4).await;
    assert_eq!(begin(store.as_ref(), &again, 5).await, answered(&largest));
    assert_eq!(store.survey().await.unwrap().answers, 2);
    // What came to nothing leaves the key free, for something else, too.
    let (nothing, next) = (attempt(3, 1, 5), attempt(3, 2, 6));
    assert_eq!(begin(store.as_ref(), &nothing, 6).await, Begun::First);
    end(store.as_ref(), &nothing, None, 6).await;
    assert_eq!(begin(store.as_ref(), &next, 7).await, Begun::First);
    store.close().await;
}

async fn whoever_does_not_end_is_overtaken(ground: Ground) {
    let store = ground.open().await;
    let (slow, next) = (attempt(1, 1, 1), attempt(1, 1, 2));
    assert_eq!(begin(store.as_ref(), &slow, 0).await, Begun::First);
    let over = RUNNING_S;
    assert_eq!(begin(store.as_ref(), &next, over - 1).await, Begun::Running);
    assert_eq!(begin(store.as_ref(), &next, over).await, Begun::First);
    end(store.as_ref(), &slow, Some(b"late"), over).await;
    assert_eq!(begin(store.as_ref(), &slow, over).await, Begun::Running);
    end(store.as_ref(), &next, Some(b"answer"), over).await;
    end(store.as_ref(), &slow, Some(b"late"), over).await;
    assert_eq!(
        begin(store.as_ref(), &slow, over).await,
        answered(b"answer")
    );
    store.close().await;
}

async fn an_answer_is_erased_after_a_day(ground: Ground) {
    let store = ground.open().await;
    let (first, again) = (attempt(1, 1, 1), attempt(1, 2, 2));
    begin(store.as_ref(), &first, 0).await;
    end(store.as_ref(), &first, Some(b"answer"), 0).await;
    let erase = async |seconds| store.expire_answers(at(seconds)).await.unwrap();
    assert_eq!((erase(ANSWER_S - 1).await, erase(ANSWER_S).await), (0, 1));
    assert_eq!(store.survey().await.unwrap().answers, 0);
    // It is over, though nobody has erased it yet.
    begin(store.as_ref(), &first, ANSWER_S).await;
    end(store.as_ref(), &first, Some(b"answer"), ANSWER_S).await;
    assert_eq!(
        begin(store.as_ref(), &again, 2 * ANSWER_S - 1).await,
        Begun::Other
    );
    assert_eq!(
        begin(store.as_ref(), &again, 2 * ANSWER_S).await,
        Begun::First
    );
    store.close().await;
}

async fn of_many_on_two_nodes_one_is_the_first(ground: Ground) {
    let (one, two) = (ground.open().await, ground.open().await);
    let attempts: Vec<_> = (0..40).map(|id| attempt(1, 1, id)).collect();
    let begun = attempts.iter().enumerate().map(|(it, attempt)| {
        let store = if it % 2 == 0 { &one } else { &two };
        begin(store.as_ref(), attempt, 0)
    });
    let begun = futures_util::future::join_all(begun).await;
    let first = begun.iter().filter(|it| **it == Begun::First).count();
    let running = begun.iter().filter(|it| **it == Begun::Running).count();
    assert_eq!((first, running), (1, 39));
    one.close().await;
    two.close().await;
}

async fn a_row_that_was_altered_is_nobodys(ground: Ground) {
    let store = ground.open().await;
    let hex = |bytes: usize| super::tamper::blob(&ground, &"5a".repeat(bytes));
    let changes = [
        ("request", hex(32)),
        ("attempt", hex(16)),
        ("body", hex(9)),
        ("until", "until + 10".to_owned()),
        ("seal", hex(32)),
    ];
    for (key, (column, value)) in (1..).zip(changes) {
        let (first, again) = (attempt(key, 1, 1), attempt(key, 1, 2));
        begin(store.as_ref(), &first, 0).await;
        end(store.as_ref(), &first, Some(b"answer"), 0).await;
        assert_eq!(begin(store.as_ref(), &again, 1).await, answered(b"answer"));
        let slot = super::tamper::blob(&ground, &base16ct::lower::encode_string(&[key; 32]));
        let sql = format!("UPDATE answer SET {column} = {value} WHERE slot = {slot}");
        assert_eq!(ground.raw(&sql).await, 1, "{column}");
        let told = "1 rows of answer have no good seal".to_owned();
        assert!(
            store.survey().await.unwrap().findings.contains(&told),
            "{column}"
        );
        // It answers nobody, and is in nobody's way.
        assert_eq!(
            begin(store.as_ref(), &again, 2).await,
            Begun::First,
            "{column}"
        );
        end(store.as_ref(), &again, Some(b"again"), 2).await;
        assert_eq!(begin(store.as_ref(), &first, 3).await, answered(b"again"));
    }
    // So is one under a slot that it does not belong to.
    let slots = [[1; 32], [77; 32]]
        .map(|it| super::tamper::blob(&ground, &base16ct::lower::encode_string(&it)));
    let [from, to] = &slots;
    ground
        .raw(&format!(
            "UPDATE answer SET slot = {to} WHERE slot = {from}"
        ))
        .await;
    assert_eq!(
        begin(store.as_ref(), &attempt(77, 1, 1), 4).await,
        Begun::First
    );
    store.close().await;
}
