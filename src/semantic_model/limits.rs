//! How much is read: bounds on searching and on files.
//!
//! Must not know what is read. A new bound is a field with its reason.

/// Bounds; [`Limits::default`] holds what the tools use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Folders below a root that are searched for models.
    pub depth: usize,
    /// Files and folders looked at in one search.
    pub entries: usize,
    /// Files of one model.
    pub files: usize,
    /// Bytes of one file.
    pub file_bytes: u64,
    /// Bytes of one model.
    pub model_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 8,
            entries: 20_000,
            files: 20_000,
            // The largest public model file is 3 MB; a translated enterprise model.bim reaches some 100 MB.
            file_bytes: 256 << 20,
            model_bytes: 512 << 20,
        }
    }
}

/// Folders deep inside one TMDL folder; the format itself uses one.
pub(crate) const TMDL_FOLDER_DEPTH: usize = 4;

/// Objects inside objects; the format itself needs six.
pub(crate) const NESTING: usize = 32;
