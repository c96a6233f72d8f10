use std::path::Path;

use super::{Source, fingerprint};
use crate::semantic_model::limits::Limits;
use crate::semantic_model::place::Place;

fn write(root: &Path, file: &str, text: &str) {
    let path = root.join(file);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn model() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "model.tmdl", "model Model\n");
    write(folder.path(), "tables/T.tmdl", "\u{feff}table T\r\n\tcolumn A\r\n");
    write(folder.path(), "readme.md", "not read");
    folder
}

#[test]
fn the_fingerprint_follows_names_and_bytes_of_the_models_files_only() {
    let folder = model();
    let print = || fingerprint(folder.path(), &Limits::default()).unwrap();
    let first = print();
    assert_eq!(first.len(), 64);
    write(folder.path(), "readme.md", "changed");
    assert_eq!(print(), first);
    write(folder.path(), "tables/T.tmdl", "table T\n");
    let second = print();
    assert_ne!(second, first);
    std::fs::rename(folder.path().join("tables/T.tmdl"), folder.path().join("tables/U.tmdl")).unwrap();
    assert_ne!(print(), second);
}

#[test]
fn a_mark_at_the_start_and_crlf_are_read_over() {
    let folder = model();
    let source = Source::read(&Place::at(folder.path()).unwrap(), &Limits::default()).unwrap();
    assert_eq!(source.model().unwrap().tables[0].all_columns[0].name, "A");
}

#[test]
fn models_over_a_limit_are_refused() {
    let folder = model();
    let place = Place::at(folder.path()).unwrap();
    for limits in [
        Limits { file_bytes: 5, ..Limits::default() },
        Limits { model_bytes: 20, ..Limits::default() },
        Limits { files: 2, ..Limits::default() },
    ] {
        assert_eq!(Source::read(&place, &limits).unwrap_err().kind().as_str(), "limit_exceeded", "{limits:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_model_is_refused_and_one_inside_says_nothing_new() {
    let folder = model();
    let place = Place::at(folder.path()).unwrap();
    std::os::unix::fs::symlink(folder.path().join("tables/T.tmdl"), folder.path().join("again.tmdl")).unwrap();
    let source = Source::read(&place, &Limits::default()).unwrap();
    assert_eq!(source.model().unwrap().tables[0].all_columns.len(), 1);
    let other = model();
    std::os::unix::fs::symlink(other.path().join("tables/T.tmdl"), folder.path().join("out.tmdl")).unwrap();
    let error = Source::read(&place, &Limits::default()).unwrap_err();
    assert_eq!(error.kind().as_str(), "outside_roots");
    assert!(error.to_string().ends_with("out.tmdl` is a link that leads out of its model's folder"));
}

fn template(folder: &Path, member: &str, bytes: &[u8]) -> std::path::PathBuf {
    use std::io::Write as _;
    let path = folder.join("report.pbit");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    zip.start_file(member, zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(bytes).unwrap();
    zip.finish().unwrap();
    path
}

#[test]
fn a_template_is_read_from_its_schema_and_its_size_is_that_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let text = r#"{"name": "D", "model": {"tables": [{"name": "T", "measures": [{"name": "M", "expression": ["1", "+ 2"]}]}]}}"#;
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let path = template(folder.path(), "DataModelSchema", &bytes);
    let source = Source::read(&Place::at(&path).unwrap(), &Limits::default()).unwrap();
    assert_eq!(source.bytes(), std::fs::metadata(&path).unwrap().len());
    assert_eq!(source.model().unwrap().tables[0].measures[0].expression, "1\n+ 2");
}

#[test]
fn a_template_without_a_model_too_large_inside_or_cut_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = template(folder.path(), "Report/Layout", b"{}");
    let read = |path: &Path, limits: &Limits| Source::read(&Place::at(path).unwrap(), limits);
    let thin = read(&path, &Limits::default()).unwrap_err();
    assert!(thin.to_string().ends_with("it holds no `DataModelSchema`"), "{thin}");
    // 4 MB of spaces are some 4 kB in the file.
    let path = template(folder.path(), "DataModelSchema", &vec![b' '; 4 << 20]);
    assert!(std::fs::metadata(&path).unwrap().len() < 100_000);
    let limits = Limits { file_bytes: 1 << 20, ..Limits::default() };
    assert_eq!(read(&path, &limits).unwrap_err().kind().as_str(), "limit_exceeded");
    let whole = std::fs::read(&path).unwrap();
    for length in 0..whole.len().min(200) {
        std::fs::write(&path, &whole[..length]).unwrap();
        assert_eq!(read(&path, &Limits::default()).unwrap_err().kind().as_str(), "invalid_input", "{length}");
    }
    let mut broken = whole;
    broken[60] ^= 0xFF;
    std::fs::write(&path, &broken).unwrap();
    assert_eq!(read(&path, &Limits::default()).unwrap_err().kind().as_str(), "invalid_input");
}
