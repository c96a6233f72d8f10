//! Files broken at any byte: an error with its place, or a model, never a panic.

use proptest::prelude::{ProptestConfig, any, prop_oneof, proptest};
use sequitur::base::ErrorKind;
use sequitur::semantic_model::Error;
use sequitur::semantic_model::place::Format;
use sequitur::semantic_model::source::Source;

use super::sample::files;

/// Reads one broken file. What it says must be a model or a place in that file.
fn read(format: Format, name: &str, bytes: Vec<u8>) {
    let lines = bytes.split(|byte| *byte == b'\n').count();
    match Source::of(format, vec![(name.to_owned(), bytes)]).model() {
        Ok(_) => {}
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(!error.hint().is_empty());
            let Error::Syntax(fault) = error else { panic!("{error} has no place") };
            assert_eq!(&*fault.location.file, name);
            assert!((1..=lines).contains(&(fault.location.line as usize)), "{fault:?} of {lines} lines");
            assert!(fault.location.column >= 1 && !fault.cause.is_empty());
        }
    }
}

/// What a byte is replaced by: structure, an invalid byte, a letter, nothing visible.
const REPLACEMENTS: [u8; 8] = [b'\'', b'\n', 0xFF, b'\t', b'=', b'`', b'x', 0];

/// Every position up to here is broken, further ones by the stride: a longer file says the same
/// things again, and the time grows with the square of the length.
const DENSE: usize = 3_000;
const STRIDE: usize = 11;

fn break_at_every_byte(format: Format, name: &str, text: &[u8]) {
    for at in (0..text.len()).filter(|at| *at < DENSE || at % STRIDE == 0) {
        read(format, name, text[..at].to_vec());
        let mut flipped = text.to_vec();
        flipped[at] = REPLACEMENTS[at % REPLACEMENTS.len()];
        read(format, name, flipped);
    }
}

#[test]
fn tmdl_cut_or_changed_at_every_byte_gives_a_place_or_a_model() {
    for (name, text) in files() {
        break_at_every_byte(Format::Tmdl, &name, text.as_bytes());
    }
}

const BIM: &str = r#"{
  "name": "Hut", "compatibilityLevel": 1550,
  "model": {
    "culture": "de-DE", "defaultMode": "import",
    "tables": [
      {
        "name": "Größen", "isHidden": true,
        "columns": [
          {"type": "rowNumber", "name": "RowNumber-2662979B-1795-4F74-8F37-6A1BA8059B61", "dataType": "int64"},
          {"name": "Größe", "dataType": "string", "sortByColumn": "Nr", "annotations": [{"name": "a", "value": "b"}]},
          {"type": "calculated", "name": "Nr", "expression": ["IF(", "  TRUE(), 1)"], "summarizeBy": "none"}
        ],
        "measures": [{"name": "Zahl", "expression": "COUNTROWS('Größen')", "kpi": {"targetExpression": "1"}}],
        "hierarchies": [{"name": "H", "levels": [{"name": "L", "ordinal": 0, "column": "Größe"}]}],
        "partitions": [{"name": "P", "mode": "directQuery", "source": {"type": "m", "expression": ["let", "in 1"]}}]
      },
      {
        "name": "Zeit",
        "calculationGroup": {"precedence": 1, "calculationItems": [{"name": "Jetzt", "expression": "SELECTEDMEASURE()"}]},
        "columns": [{"name": "Name", "dataType": "string"}]
      }
    ],
    "relationships": [
      {"name": "r", "fromTable": "Größen", "fromColumn": "Nr", "toTable": "Zeit", "toColumn": "Name", "isActive": false}
    ],
    "roles": [{"name": "R", "tablePermissions": [{"name": "Zeit", "filterExpression": "TRUE()"}]}],
    "unknown": [{"deep": [[[1, 2.5e3, null]]]}]
  }
}
"#;

#[test]
fn tmsl_cut_or_changed_at_every_byte_gives_a_place_or_a_model() {
    let whole = Source::of(Format::Bim, vec![("model.bim".into(), BIM.into())]).model().unwrap();
    assert_eq!((whole.tables.len(), whole.columns().count(), whole.warnings.len()), (2, 3, 0));
    break_at_every_byte(Format::Bim, "model.bim", BIM.as_bytes());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn lines_of_any_words_give_a_place_or_a_model(
        lines in proptest::collection::vec(
            (0..5_usize, prop_oneof!["table", "column", "measure 'a b' =", "\\PC{0,20}", "[a-z]{1,5}: .{0,9}", "```", "///.{0,5}", "ref table x", "x ="]),
            0..40,
        ),
        crlf in any::<bool>(),
    ) {
        let ending = if crlf { "\r\n" } else { "\n" };
        let text: Vec<String> = lines.iter().map(|(level, line)| format!("{}{line}{ending}", "\t".repeat(*level))).collect();
        read(Format::Tmdl, "any.tmdl", text.concat().into_bytes());
    }

    #[test]
    fn any_bytes_give_a_place_or_a_model(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        read(Format::Tmdl, "any.tmdl", bytes.clone());
        read(Format::Bim, "any.bim", bytes);
    }
}
