//! A data folder or database that cannot be used: `serve` stays up, tells why
//! and what to do, and touches nothing.

use std::path::Path;

use serde_json::json;

use super::client::{Client, Era};
use super::configuration::stays_up;
use super::place::Place;

#[test]
fn a_data_folder_that_cannot_be_made_is_told_and_the_rest_works() {
    let place = Place::new();
    let file = place.write("file", "x");
    for folder in [file.clone(), file.join("data")] {
        let mut client = Client::greeted(&mut place.command_on(&folder, &["serve"]), Era::Legacy);
        let refused = stays_up(&mut client, "store_unavailable");
        assert!(refused["error"].as_str().unwrap().contains(folder.to_str().unwrap()), "{refused}");
        assert!(refused["hint"].as_str().unwrap().contains("--data-dir"), "{refused}");
        client.leave();
        let run = place.command_on(&folder, &["run", "model_inventory"]).output().unwrap();
        assert_eq!(run.status.code(), Some(1), "other commands do not go on: {run:?}");
    }
    assert_eq!(std::fs::read_to_string(file).unwrap(), "x");
}

/// A place with a database that has a run in it.
fn used() -> Place {
    let place = Place::new();
    assert_eq!(place.run(&["run", "model_inventory"]).status.code(), Some(0));
    place
}

/// Serves on a database that is refused: what is told, and the file untouched.
fn refused(place: &Place, told: &[&str]) {
    let before = std::fs::read(place.database()).unwrap();
    let mut client = place.serve();
    let refused = stays_up(&mut client, "store_unavailable");
    client.leave();
    for words in told {
        let text = refused.to_string();
        assert!(text.contains(words), "{text} does not tell `{words}`");
    }
    assert!(before == std::fs::read(place.database()).unwrap(), "the file was touched");
}

fn overwrite(path: &Path, at: usize, bytes: &[u8]) {
    let mut content = std::fs::read(path).unwrap();
    content[at..at + bytes.len()].copy_from_slice(bytes);
    std::fs::write(path, content).unwrap();
}

#[test]
fn a_database_that_is_none_is_refused_untouched() {
    let place = Place::new();
    std::fs::create_dir_all(place.data()).unwrap();
    std::fs::write(place.database(), "my diary, page one\n".repeat(500)).unwrap();
    refused(&place, &["sequitur.db"]);
}

#[test]
fn a_damaged_database_is_refused_untouched_with_what_to_do() {
    let place = used();
    let size = std::fs::read(place.database()).unwrap().len();
    for at in (4096..size).step_by(4096) {
        overwrite(&place.database(), at, &[0xA5; 256]);
    }
    refused(&place, &["is damaged", "restore a backup"]);
}

#[test]
fn a_database_of_a_newer_version_is_refused_untouched() {
    let place = used();
    // `user_version` in the file's header.
    overwrite(&place.database(), 60, &99_u32.to_be_bytes());
    refused(&place, &["schema version 99", "newer version"]);
}

#[test]
fn an_empty_database_file_is_a_new_one() {
    let place = Place::new();
    std::fs::create_dir_all(place.data()).unwrap();
    std::fs::write(place.database(), "").unwrap();
    let mut client = place.serve();
    assert_eq!(client.done("execute_workflow", &json!({"template_id": "model_inventory"}))["status"], "completed");
    client.leave();
}

#[cfg(unix)]
#[test]
fn a_database_that_may_not_be_written_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = used();
    let allow = |path: &Path, mode: u32| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    allow(&place.database(), 0o400);
    allow(&place.data(), 0o500);
    let everything_is_allowed = std::fs::File::options().append(true).open(place.database()).is_ok();
    if everything_is_allowed {
        println!("skipped: this user may write whatever the permissions say");
    } else {
        let mut client = place.serve();
        stays_up(&mut client, "store_unavailable");
        client.leave();
    }
    allow(&place.data(), 0o700);
}
