//! The choice of names and addresses that are looked for.

/// Names of people and postal addresses to look for. The default is all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct People {
    /// Names, of the kind `PERSON`.
    pub names: Names,
    /// Addresses, of the kind `ADDRESS`.
    pub addresses: Addresses,
}

impl People {
    /// No names and no addresses: texts that were disguised or encoded have other values.
    pub(super) const NOBODY: Self = Self { names: Names::None, addresses: Addresses::None };

    /// Tells if values of a kind are looked for.
    #[must_use]
    pub fn has(self, kind: &str) -> bool {
        match kind {
            "PERSON" => self.names != Names::None,
            "ADDRESS" => self.addresses == Addresses::All,
            _ => true,
        }
    }
}

/// Names to look for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Names {
    /// Names that the words around them or the trained model tell.
    #[default]
    All,
    /// Names that the words around them tell.
    Told,
    /// No names at all.
    None,
}

/// Addresses to look for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Addresses {
    /// All that are found.
    #[default]
    All,
    /// No addresses at all.
    None,
}
