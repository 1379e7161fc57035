//! Findings, their certainty, and the choice between overlapping ones.

use std::collections::BTreeMap;

macro_rules! entities {
    ($($(#[$doc:meta])* $name:ident = $wire:literal,)*) => {
        /// A kind of personal data.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Entity {
            $($(#[$doc])* $name,)*
            /// A match of one of the deployment's own patterns, by its index.
            Custom(usize),
            /// A known value of this user, by its index.
            Known(usize),
            /// A value that the deployment's recognizer has found, by its index.
            Recognized(usize),
        }

        impl Entity {
            /// The names of all built-in kinds.
            pub const NAMES: &'static [&'static str] = &[$($wire,)*];

            /// The name in placeholders and files; `None` for kinds that only their owner can name.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self {
                    $(Self::$name => Some($wire),)*
                    Self::Custom(_) | Self::Known(_) | Self::Recognized(_) => None,
                }
            }
        }
    };
}

entities! {
    /// Bank routing number, United States.
    AbaRouting = "ABA_ROUTING",
    /// Postal address of a house.
    Address = "ADDRESS",
    /// A key or token of a vendor's API.
    ApiKey = "API_KEY",
    /// Business number, Australia.
    AuAbn = "AU_ABN",
    /// Medicare number, Australia.
    AuMedicare = "AU_MEDICARE",
    /// Tax file number, Australia.
    AuTfn = "AU_TFN",
    /// Company number, Brazil.
    BrCnpj = "BR_CNPJ",
    /// Taxpayer number, Brazil.
    BrCpf = "BR_CPF",
    /// Expiry date of a payment card.
    CardExpiry = "CARD_EXPIRY",
    /// Social insurance number, Canada.
    CaSin = "CA_SIN",
    /// Resident identity card, China.
    CnRic = "CN_RIC",
    /// Payment card number.
    CreditCard = "CREDIT_CARD",
    /// Address of a crypto currency.
    Crypto = "CRYPTO",
    /// Security code of a payment card.
    Cvv = "CVV",
    /// Date of birth.
    DateOfBirth = "DATE_OF_BIRTH",
    /// Tax identification number, Germany.
    DeTaxId = "DE_TAX_ID",
    /// Number of a device: IMEI.
    DeviceId = "DEVICE_ID",
    /// Driver's licence number.
    DriverLicense = "DRIVER_LICENSE",
    /// E-mail address, spelled out or not.
    Email = "EMAIL",
    /// Foreigner's number, Spain.
    EsNie = "ES_NIE",
    /// Identity number, Spain.
    EsNif = "ES_NIF",
    /// Personal identity code, Finland.
    FiHetu = "FI_HETU",
    /// Social security number, France.
    FrNir = "FR_NIR",
    /// International bank account number.
    Iban = "IBAN",
    /// Aadhaar number, India.
    InAadhaar = "IN_AADHAAR",
    /// Permanent account number, India.
    InPan = "IN_PAN",
    /// IPv4 or IPv6 address.
    IpAddress = "IP_ADDRESS",
    /// Fiscal code, Italy.
    ItFiscalCode = "IT_FISCAL_CODE",
    /// JSON Web Token.
    Jwt = "JWT",
    /// Resident registration number, Korea.
    KrRrn = "KR_RRN",
    /// Licence plate of a vehicle beside its label.
    LicensePlate = "LICENSE_PLATE",
    /// Hardware (MAC) address.
    MacAddress = "MAC_ADDRESS",
    /// Number of a patient or of a medical practitioner beside its label.
    MedicalId = "MEDICAL_ID",
    /// Population registry code, Mexico.
    MxCurp = "MX_CURP",
    /// Identity or tax number of another state beside its label.
    NationalId = "NATIONAL_ID",
    /// Citizen service number, Netherlands.
    NlBsn = "NL_BSN",
    /// Passport number beside its label.
    Passport = "PASSPORT",
    /// Password beside a label for one.
    Password = "PASSWORD",
    /// Name of a person.
    Person = "PERSON",
    /// Telephone number of any country.
    Phone = "PHONE",
    /// PIN, one-time code or door code beside its label.
    Pin = "PIN",
    /// Personal number, Poland.
    PlPesel = "PL_PESEL",
    /// Private key in PEM.
    PrivateKey = "PRIVATE_KEY",
    /// Personal number, Sweden.
    SePersonnummer = "SE_PERSONNUMMER",
    /// Recovery phrase of a wallet.
    SeedPhrase = "SEED_PHRASE",
    /// Identity number, Singapore.
    SgNric = "SG_NRIC",
    /// Cookie or other secret of a session.
    Session = "SESSION",
    /// Identity number, Turkey.
    TrTckn = "TR_TCKN",
    /// National Health Service number, United Kingdom.
    UkNhs = "UK_NHS",
    /// National insurance number, United Kingdom.
    UkNino = "UK_NINO",
    /// Web address (URL).
    Url = "URL",
    /// Bank account, United States.
    UsBankAccount = "US_BANK_ACCOUNT",
    /// Employer identification number, United States.
    UsEin = "US_EIN",
    /// Individual taxpayer identification number, United States.
    UsItin = "US_ITIN",
    /// Social security number, United States.
    UsSsn = "US_SSN",
    /// Identity number, South Africa.
    ZaId = "ZA_ID",
}

/// A piece of personal data in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Offset of its first byte.
    pub start: usize,
    /// Offset after its last byte.
    pub end: usize,
    /// The kind of data.
    pub entity: Entity,
    /// The rule that found it.
    pub rule: Rule,
}

/// A group of rules that look for values of one sort.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// The module of `detect` that has the rules.
    pub name: &'static str,
    /// The value was disguised or encoded.
    pub is_disguised: bool,
}

/// Certainty of a detector. Of overlapping findings the more certain one stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// It has the right shape.
    Shape,
    /// It has a shape that little else has.
    Distinct,
    /// A label beside it, or a checksum that few others pass.
    Sure,
    /// Label and checksum, or a form that nothing else has.
    Certain,
}

/// All findings of the detectors, with overlaps.
#[derive(Debug, Default)]
pub(super) struct Findings {
    ranked: Vec<(Rank, Finding)>,
    /// The name of the rules that are at work.
    rule: &'static str,
    /// Spans of identifiers, in order and without overlaps. No detector of ours may find something in a part of one.
    whole: Vec<(usize, usize)>,
}

impl Findings {
    pub(super) fn add(&mut self, rank: Rank, start: usize, end: usize, entity: Entity) {
        let rule = Rule { name: self.rule, is_disguised: false };
        self.ranked.push((rank, Finding { start, end, entity, rule }));
    }

    /// Names the rules that the next findings are of.
    pub(super) fn by(&mut self, rule: &'static str) -> &mut Self {
        self.rule = rule;
        self
    }

    /// Keeps a span whole. Must be called in the order of the text.
    pub(super) fn keep_whole(&mut self, start: usize, end: usize) {
        self.whole.push((start, end));
    }

    /// Tells if a finding begins or ends in the middle of a span that is kept whole.
    fn is_in_part(&self, finding: &Finding) -> bool {
        if matches!(finding.entity, Entity::Custom(_) | Entity::Known(_)) {
            return false;
        }
        let holds = |place: usize| {
            let next = self.whole.partition_point(|(_, end)| *end <= place);
            self.whole.get(next).is_some_and(|(start, _)| *start < place)
        };
        holds(finding.start) || holds(finding.end)
    }

    /// The surest ones that do not overlap, of equally sure ones the longest; in the order of the text. A known value keeps its kind
    /// where another is found in its place.
    pub(super) fn resolve(mut self) -> Vec<Finding> {
        let mut ranked = std::mem::take(&mut self.ranked);
        ranked.sort_unstable_by_key(|(rank, finding)| {
            (std::cmp::Reverse((*rank, finding.end - finding.start)), finding.start, finding.entity)
        });
        let mut known: BTreeMap<(usize, usize), Finding> = BTreeMap::new();
        for (_, finding) in ranked.iter().filter(|(_, finding)| matches!(finding.entity, Entity::Known(_))) {
            known.entry((finding.start, finding.end)).or_insert(*finding);
        }
        // By where they begin: as those that are kept do not overlap, one look tells.
        let mut kept: BTreeMap<usize, Finding> = BTreeMap::new();
        for (_, finding) in ranked {
            if self.is_in_part(&finding) {
                continue;
            }
            let last = kept.range(..finding.end).next_back();
            if last.is_none_or(|(_, other)| other.end <= finding.start) {
                let finding = known.get(&(finding.start, finding.end)).copied().unwrap_or(finding);
                kept.insert(finding.start, finding);
            }
        }
        kept.into_values().collect()
    }
}
