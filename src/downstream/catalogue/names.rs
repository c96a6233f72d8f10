//! Names of servers and tools as callers write them: `server__tool`. Must not
//! know which names are taken.

use crate::base::json::sha256_hex;

/// Some clients take no longer names, and prefix them with our own.
const MAX_CHARS: usize = 48;
/// Digits of the hash at the end of a name that was cut.
const HASH_CHARS: usize = 6;
/// What is left of a name that was cut.
const CUT: usize = MAX_CHARS - HASH_CHARS - 1;
/// Between server and tool.
const SEPARATOR: &str = "__";

/// The name with every character but ASCII letters, digits, `_` and `-` as `_`.
pub(in crate::downstream) fn normalise(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' }).collect()
}

/// The name that callers use: at most 48 characters. A longer one is cut, and
/// ends in a hash of the whole.
pub(super) fn qualify(server: &str, tool: &str) -> String {
    short(whole(server, tool))
}

/// The same, uncut.
pub(super) fn whole(server: &str, tool: &str) -> String {
    format!("{}{SEPARATOR}{}", normalise(server), normalise(tool))
}

/// Whether a name that callers use is one that a tool of the server could have.
pub(in crate::downstream) fn may_be_of(server: &str, name: &str) -> bool {
    let prefix = whole(server, "");
    name.starts_with(&prefix) || (name.len() == MAX_CHARS && prefix.len() > CUT && name.starts_with(&prefix[..CUT]))
}

/// The name, cut as a qualified one is.
pub(super) fn short(name: String) -> String {
    if name.len() <= MAX_CHARS {
        return name;
    }
    let hash = sha256_hex(name.as_bytes());
    // Normalised: every character is one byte.
    format!("{}_{}", &name[..CUT], &hash[..HASH_CHARS])
}

#[cfg(test)]
mod tests {
    use super::{may_be_of, normalise, qualify};

    #[test]
    fn other_characters_become_underscores_and_case_stays() {
        assert_eq!(normalise("My server/v2.1"), "My_server_v2_1");
        assert_eq!(qualify("My server", "list-pull.requests"), "My_server__list-pull_requests");
        assert_eq!(qualify("wetter", "größe"), "wetter__gr__e");
    }

    #[test]
    fn a_long_name_is_cut_to_48_characters_and_stays_its_own() {
        let exact = qualify("server", &"t".repeat(40));
        assert_eq!(exact.len(), 48);
        assert!(!exact.contains("_t_"));
        let one = qualify("server", &format!("{}one", "t".repeat(40)));
        let two = qualify("server", &format!("{}two", "t".repeat(40)));
        assert_eq!((one.len(), two.len()), (48, 48));
        assert_eq!(one[..41], two[..41]);
        assert_ne!(one, two);
        assert_eq!(one, qualify("server", &format!("{}one", "t".repeat(40))), "the same every time");
    }

    #[test]
    fn a_name_tells_whose_it_may_be_however_long_the_servers_is() {
        assert!(may_be_of("my git", "my_git__log") && !may_be_of("my", "my_git__log") && !may_be_of("git", "git"));
        for length in 38..60 {
            let server = "s".repeat(length);
            assert!(may_be_of(&server, &qualify(&server, "tool")), "{length}");
            assert!(!may_be_of(&server, &qualify(&"t".repeat(length), "tool")), "{length}");
        }
    }
}
