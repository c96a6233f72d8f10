use super::{Page, Shorten, cut};

#[derive(Debug, serde::Serialize, PartialEq)]
struct Row(String);

impl Shorten for Row {
    fn shorten(&mut self, bytes: usize) {
        cut(&mut self.0, bytes - 10);
    }
}

fn rows(lengths: &[usize]) -> impl Iterator<Item = Row> {
    lengths.iter().map(|length| Row("x".repeat(*length)))
}

/// The lengths of the rows of every page.
fn pages(lengths: &[usize], size: Option<u32>) -> Vec<Vec<usize>> {
    let mut pages = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let page = Page::new(size, token.as_deref(), "0123456789").unwrap();
        let taken = page.take(rows(lengths), 0).unwrap();
        pages.push(taken.rows.iter().map(|row| row.0.len()).collect());
        token = taken.next_token;
        if token.is_none() {
            return pages;
        }
    }
}

#[test]
fn pages_end_at_their_size_and_at_the_answers_bytes() {
    assert_eq!(pages(&[1; 5], Some(2)), [vec![1, 1], vec![1, 1], vec![1]]);
    assert_eq!(pages(&[1; 120], None).iter().map(Vec::len).collect::<Vec<_>>(), [50, 50, 20]);
    assert_eq!(pages(&[6_000; 5], None).iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1]);
    assert_eq!(pages(&[], None), [Vec::<usize>::new()]);
}

#[test]
fn a_row_over_the_limit_is_shortened_and_never_left_out() {
    assert_eq!(pages(&[1, 50_000, 1], None), [vec![1], vec![super::ROW_BYTES - 10, 1]]);
}

#[test]
fn tokens_of_another_state_and_nonsense_are_refused() {
    let error = |token| Page::new(None, Some(token), "0123456789").unwrap_err().to_string();
    assert_eq!(error("50-76543210"), "the model changed since the page that gave this `next_token`");
    assert_eq!(error("x-01234567"), "`x-01234567` is no `next_token`");
    assert_eq!(error("50"), "`50` is no `next_token`");
    assert_eq!(Page::new(Some(0), None, "").unwrap_err().to_string(), "`page_size` is 0");
    assert_eq!(Page::new(Some(501), None, "").unwrap_err().to_string(), "`page_size` is 501");
    assert_eq!(Page::new(None, Some("7-01234567"), "0123456789").unwrap().start(), 7);
}

#[test]
fn texts_are_cut_at_characters_and_by_their_json_size() {
    let cut_to = |text: &str, bytes| {
        let mut text = text.to_owned();
        let was_cut = cut(&mut text, bytes);
        (text, was_cut)
    };
    assert_eq!(cut_to("äöü", 5), ("äö".into(), true));
    assert_eq!(cut_to("a\"b", 3), ("a\"".into(), true));
    assert_eq!(cut_to("abc", 3), ("abc".into(), false));
}
