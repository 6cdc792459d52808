//! The names of columns, as people type them and as other programs write them: Exchange's and Active Directory's
//! shells, mail programs and admin centres, in several languages.

/// Where each column of a table of people stands, counted from 0.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Heading {
    pub email: Option<usize>,
    pub name: Option<usize>,
    pub given: Option<usize>,
    pub family: Option<usize>,
    pub role: Option<usize>,
    /// Further addresses, typed by people.
    pub addresses: Option<usize>,
    /// All addresses of a mailbox, with their types, as Exchange writes them.
    pub proxies: Option<usize>,
    /// What Exchange calls the type of a mailbox.
    pub kind: Option<usize>,
    /// How many columns are named; 0 where none is.
    width: usize,
}

// Without blanks, signs and accents; the better ones first.
const EMAIL: &[&str] = &[
    "primarysmtpaddress",
    "primaresmtpadresse",
    "adressesmtpprincipale",
    "direccionsmtpprincipal",
    "smtpaddress",
    "smtpadresse",
    "adressesmtp",
    "email",
    "emailaddress",
    "emailadresse",
    "email1",
    "email1address",
    "email1value",
    "mail",
    "mailaddress",
    "mailadresse",
    "mailadress",
    "emailadress",
    "emailadres",
    "epost",
    "epostadress",
    "epostadresse",
    "adresseemail",
    "adressemail",
    "adressedemessagerie",
    "adresseelectronique",
    "adressecourriel",
    "courriel",
    "messagerie",
    "correo",
    "correoelectronico",
    "direcciondecorreo",
    "direcciondecorreoelectronico",
    "indirizzosmtpprimario",
    "indirizzosmtpprincipale",
    "indirizzosmtp",
    "indirizzoemail",
    "indirizzodipostaelettronica",
    "postaelettronica",
    "indirizzo",
    "enderecosmtpprincipal",
    "enderecodeemail",
    "endereco",
    "adresemail",
    "workemail",
    "businessemail",
    "windowsemailaddress",
    "address",
    "adresse",
    "mailbox",
    "postfach",
    "boiteauxlettres",
    "userprincipalname",
    "upn",
    "benutzerprinzipalname",
    "nomdutilisateurprincipal",
    "nomprincipaldelutilisateur",
    "windowsliveid",
    "signinname",
];
const NAME: &[&str] = &[
    "displayname",
    "anzeigename",
    "nomcomplet",
    "nomdaffichage",
    "nomaffiche",
    "nombreparamostrar",
    "nombrecompleto",
    "nomecompleto",
    "nomevisualizzato",
    "weergavenaam",
    "fullname",
    "vollstandigername",
    "name",
    "nom",
    "naam",
    "namn",
    "navn",
    "person",
    "cn",
];
const GIVEN: &[&str] = &[
    "givenname",
    "firstname",
    "vorname",
    "prenom",
    "nombre",
    "nome",
    "voornaam",
    "fornamn",
    "fornavn",
];
const FAMILY: &[&str] = &[
    "surname",
    "lastname",
    "familyname",
    "sn",
    "nachname",
    "familienname",
    "nomdefamille",
    "apellido",
    "apellidos",
    "cognome",
    "achternaam",
    "efternamn",
    "etternavn",
];
const ROLE: &[&str] = &["role", "rolle", "rol", "ruolo"];
const ADDRESSES: &[&str] = &[
    "addresses",
    "aliases",
    "mailboxes",
    "otheraddresses",
    "weitereadressen",
    "autresadresses",
    "postfacher",
];
const PROXIES: &[&str] = &["emailaddresses", "proxyaddresses", "emailadressen"];
const KIND: &[&str] = &["recipienttypedetails", "recipienttype"];

impl Heading {
    /// The columns by their names; `None` where none of them is one of addresses.
    pub fn named(cells: &[String]) -> Option<Self> {
        let names: Vec<String> = cells.iter().map(|cell| plain(cell)).collect();
        let find = |known: &[&str]| {
            let mut found = known.iter();
            found.find_map(|known| names.iter().position(|name| name == known))
        };
        let proxies = find(PROXIES);
        Some(Self {
            email: Some(find(EMAIL).or(proxies)?),
            name: find(NAME),
            given: find(GIVEN),
            family: find(FAMILY),
            role: find(ROLE),
            addresses: find(ADDRESSES),
            proxies,
            kind: find(KIND),
            width: cells.len(),
        })
    }

    /// With the columns that are known by their names, beside that of addresses.
    #[must_use]
    pub fn with_names(self, cells: &[String]) -> Self {
        let mut cells = cells.to_vec();
        if let Some(cell) = self.email.and_then(|at| cells.get_mut(at)) {
            "email".clone_into(cell);
        }
        match Self::named(&cells) {
            Some(named) if named.known() > 1 => named,
            _ => self,
        }
    }

    /// Whether a row has addresses behind its last named column.
    pub fn is_exceeded(&self, row: &super::sheet_row::SheetRow) -> bool {
        let beyond = row.cells.iter().skip(self.width.max(1));
        self.width > 0 && beyond.into_iter().any(|cell| cell.contains('@'))
    }

    /// A table without names: an address, and a name in the first other column.
    pub fn guessed(cells: &[String]) -> Self {
        let email = cells.iter().position(|cell| cell.contains('@'));
        let email = email.unwrap_or(0);
        Self {
            email: Some(email),
            name: (0..cells.len()).find(|at| *at != email),
            ..Self::default()
        }
    }

    /// How many columns are known.
    pub(super) fn known(&self) -> usize {
        let columns = [self.email, self.name, self.given, self.family, self.role];
        let more = [self.addresses, self.proxies];
        columns.iter().chain(&more).flatten().count()
    }

    /// Somebody's name as the row has it: the whole one, else what it is composed of; empty where there is none.
    pub fn name_in(&self, row: &super::sheet_row::SheetRow) -> String {
        let (name, given, family) = (
            row.cell(self.name),
            row.cell(self.given),
            row.cell(self.family),
        );
        // Where a table has given names alone beside it, a name is the family's.
        let is_whole = given.is_empty() || !family.is_empty() || name.contains(given);
        if !name.is_empty() && is_whole {
            return name.to_owned();
        }
        let family = if family.is_empty() { name } else { family };
        format!("{given} {family}").trim().to_owned()
    }
}

/// Lower-cased letters and digits, without accents.
fn plain(name: &str) -> String {
    let mut plain = String::new();
    for c in name.to_lowercase().chars().filter(|c| c.is_alphanumeric()) {
        match c {
            'à' | 'á' | 'â' | 'ä' | 'ã' | 'å' => plain.push('a'),
            'è' | 'é' | 'ê' | 'ë' => plain.push('e'),
            'ì' | 'í' | 'î' | 'ï' => plain.push('i'),
            'ò' | 'ó' | 'ô' | 'ö' | 'õ' | 'ø' => plain.push('o'),
            'ù' | 'ú' | 'û' | 'ü' => plain.push('u'),
            'ç' => plain.push('c'),
            'ñ' => plain.push('n'),
            'ß' => plain.push_str("ss"),
            c => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(cells: &[&str]) -> Option<Heading> {
        let cells: Vec<String> = cells.iter().map(|cell| (*cell).to_owned()).collect();
        Heading::named(&cells)
    }

    #[test]
    fn the_best_column_of_addresses_is_taken_wherever_it_stands() {
        let heading = named(&["UserPrincipalName", "Name", "DisplayName", "Mail"]).unwrap();
        assert_eq!((heading.email, heading.name), (Some(3), Some(2)));
        let heading = named(&["E-Mail-Adresse", "Vorname", "Nachname"]).unwrap();
        assert_eq!(
            (heading.email, heading.given, heading.family),
            (Some(0), Some(1), Some(2))
        );
        assert!(named(&["Prénom", "Nom", "Adresse de messagerie"]).is_some());
        assert!(named(&["Prénom", "Nom", "Téléphone"]).is_none());
        assert!(named(&["Bob", "bob@example.test"]).is_none());
    }

    #[test]
    fn a_name_is_whole_or_composed() {
        let name = |heading: &[&str], cells: &[&str]| {
            let cells = cells.iter().map(|cell| (*cell).to_owned()).collect();
            let row = super::super::sheet_row::SheetRow { line: 1, cells };
            named(heading).unwrap().name_in(&row)
        };
        let german = ["Name", "Vorname", "E-Mail"];
        assert_eq!(name(&german, &["Albers", "Alice", ""]), "Alice Albers");
        let shell = ["GivenName", "Name", "Surname", "mail"];
        assert_eq!(
            name(&shell, &["Bob", "Brown Bob", "Brown", ""]),
            "Brown Bob"
        );
        assert_eq!(name(&shell, &["Bob", "", "Brown", ""]), "Bob Brown");
    }
}
