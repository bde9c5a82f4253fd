//! How the public listener is encrypted, as the owner chose it.
//!
//! Only the choice and the paths: what the files hold is looked at by whoever is about to use them.

use super::fields as f;
use super::values::Values;
use std::path::PathBuf;

/// How the public listener is encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    Off,
    /// By the box's own authority.
    Own,
    /// By the owner's certificate. That both paths are set is all that was looked at.
    Files(TlsFiles),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Tls {
    pub fn read(values: &mut Values) -> Self {
        let kind = values.get(&f::TLS, |text| match text {
            "off" => Some(Self::Off),
            "self" => Some(Self::Own),
            "files" => Some(Self::Files(TlsFiles { certificate: PathBuf::new(), key: PathBuf::new() })),
            _ => None,
        });
        let path = |text: &str| (!text.is_empty()).then(|| PathBuf::from(text));
        let certificate = values.find(&f::TLS_CERTIFICATE, path);
        let key = values.find(&f::TLS_KEY, path);
        if !matches!(kind, Self::Files(_)) {
            return kind;
        }
        for field in [&f::TLS_CERTIFICATE, &f::TLS_KEY] {
            if !values.is_set(field) {
                let chosen_by = values.source(&f::TLS);
                let message = format!("is needed, since {chosen_by} asks for files");
                values.problem(field.key, field.env.to_owned(), message);
            }
        }
        Self::Files(TlsFiles { certificate: certificate.unwrap_or_default(), key: key.unwrap_or_default() })
    }

    /// How addresses of the listener begin.
    pub fn scheme(&self) -> &'static str {
        match self {
            Self::Off => "http",
            Self::Own | Self::Files(_) => "https",
        }
    }
}
