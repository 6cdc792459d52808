//! Tables as other programs write them: separated by commas, semicolons or tabs, in columns of blanks or one value in
//! each line as PowerShell shows them, with or without names of columns and with lines before those.

use super::{heading::Heading, sheet_row::SheetRow};

/// The most lines before the names of the columns.
const MAX_PREAMBLE: usize = 20;

/// A table of people.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sheet {
    /// `None` where no line names the columns.
    pub heading: Option<Heading>,
    pub rows: Vec<SheetRow>,
}

/// Reads a table. Lines that only lead to the names of the columns, such as `#TYPE Selected.…`, are no rows; neither
/// are rules and empty lines.
pub fn read_sheet(text: &str) -> Sheet {
    // Browsers and spreadsheets end lines with two characters, of which the reader counts one by itself.
    let text = text.replace("\r\n", "\n").replace('\u{FEFF}', "");
    let mut rows = in_columns(&text)
        .or_else(|| in_list(&text))
        .unwrap_or_else(|| separated(&text));
    rows.retain(|row| row.has(char::is_alphanumeric));
    let is_typed = rows
        .first()
        .is_some_and(|row| row.cell(Some(0)).starts_with("#TYPE"));
    rows.retain(|row| !is_directive(row.cell(Some(0))));
    let begin = rows.iter().take(MAX_PREAMBLE);
    let begin = begin.take_while(|row| !row.has(|c| c == '@'));
    let named: Vec<Option<Heading>> = begin.map(|row| Heading::named(&row.cells)).collect();
    let at = named.iter().position(Option::is_some);
    let heading = named.into_iter().flatten().next();
    match at {
        Some(at) => drop(rows.drain(..=at)),
        // Behind its type come the names of the columns, whatever they are.
        None if is_typed && !rows.is_empty() => drop(rows.remove(0)),
        None => {}
    }
    // Several tables behind one another.
    if heading.is_some() {
        rows.retain(|row| row.has(|c| c == '@') || Heading::named(&row.cells).is_none());
    }
    Sheet { heading, rows }
}

/// A line for the program that reads the table.
fn is_directive(first: &str) -> bool {
    first.starts_with("#TYPE") || first.to_ascii_lowercase().starts_with("sep=")
}

/// As PowerShell's `Format-Table` shows it: names, a rule below each, values below those.
fn in_columns(text: &str) -> Option<Vec<SheetRow>> {
    let lines: Vec<&str> = text.lines().collect();
    let is_rule = |line: &str| line.contains("--") && line.chars().all(|c| c == '-' || c == ' ');
    let is_named = |pair: &[&str]| {
        let [names, rule] = pair else { return false };
        let cells = cells_at(&beginnings(rule), names);
        is_rule(rule) && Heading::named(&cells).is_some()
    };
    if !lines.windows(2).any(is_named) {
        return None;
    }
    let mut columns: Vec<usize> = Vec::new();
    let mut rows = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        if is_rule(line) {
            continue;
        }
        if let Some(rule) = lines.get(index + 1).filter(|next| is_rule(next)) {
            columns = beginnings(rule);
        }
        let cells = if columns.is_empty() {
            vec![line.trim().to_owned()]
        } else {
            cells_at(&columns, line)
        };
        rows.push(SheetRow {
            line: index + 1,
            cells,
        });
    }
    Some(rows)
}

/// A line cut where columns begin.
fn cells_at(columns: &[usize], line: &str) -> Vec<String> {
    let letters: Vec<char> = line.chars().collect();
    let ends = columns.iter().skip(1).copied().chain([usize::MAX]);
    let cut = |(from, to): (&usize, usize)| {
        let cell = letters.iter().take(to).skip(*from);
        cell.collect::<String>().trim().to_owned()
    };
    columns.iter().zip(ends).map(cut).collect()
}

/// Where the parts of a rule begin, in characters.
fn beginnings(rule: &str) -> Vec<usize> {
    let mut before = ' ';
    let mut found = Vec::new();
    for (at, c) in rule.chars().enumerate() {
        if c == '-' && before != '-' {
            found.push(at);
        }
        before = c;
    }
    found
}

/// As PowerShell's `Format-List` shows it: `Name : value` in each line, an empty line behind each person.
fn in_list(text: &str) -> Option<Vec<SheetRow>> {
    let pairs: Vec<Option<(String, String)>> = text.lines().map(name_and_value).collect();
    let names = first_names(&pairs);
    let email = names.get(Heading::named(&names)?.email?)?;
    let mut lines = pairs.iter().flatten();
    let has_address = lines.any(|(name, value)| name == email && value.contains('@'));
    has_address.then(|| rows_of_list(text, pairs, &names))
}

/// What stands on both sides of a colon, if the first can be a name.
fn name_and_value(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(" : ")?;
    let (name, value) = (name.trim(), value.trim());
    let is_name = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || "- _".contains(c));
    is_name.then(|| (name.to_owned(), value.to_owned()))
}

/// The names of the values, each once; no more than can be columns.
fn first_names(pairs: &[Option<(String, String)>]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (name, _) in pairs.iter().flatten() {
        if !names.contains(name) && names.len() < MAX_PREAMBLE {
            names.push(name.clone());
        }
    }
    names
}

/// The names as the first row, then a row for each person. A line without a name ends a person, or goes on with the
/// value before it.
fn rows_of_list(
    text: &str,
    pairs: Vec<Option<(String, String)>>,
    names: &[String],
) -> Vec<SheetRow> {
    let mut rows = vec![SheetRow {
        line: 1,
        cells: names.to_vec(),
    }];
    let mut is_new = true;
    let mut last = None;
    for ((index, text), pair) in text.lines().enumerate().zip(pairs) {
        let Some((name, value)) = pair else {
            let row = rows.last_mut().filter(|_| text.starts_with(' ') && !is_new);
            let cell = row.and_then(|row| row.cells.get_mut(last?));
            match cell.filter(|_| !text.trim().is_empty()) {
                Some(cell) => append(cell, text.trim()),
                None => is_new = true,
            }
            continue;
        };
        last = names.iter().position(|known| *known == name);
        let Some(at) = last else {
            continue;
        };
        let is_taken = rows
            .last()
            .is_some_and(|row| !row.cell(Some(at)).is_empty());
        if is_new || is_taken {
            rows.push(SheetRow {
                line: index + 1,
                cells: vec![String::new(); names.len()],
            });
            is_new = false;
        }
        if let Some(cell) = rows.last_mut().and_then(|row| row.cells.get_mut(at)) {
            *cell = value;
        }
    }
    rows
}

/// Goes on with a value that was too long for its line; a list between braces is cut anywhere.
fn append(value: &mut String, more: &str) {
    if !value.starts_with('{') || value.ends_with(',') {
        value.push(' ');
    }
    value.push_str(more);
}

/// Separated by whatever gives the first lines known columns.
fn separated(text: &str) -> Vec<SheetRow> {
    let first = text.trim_start().lines().next().unwrap_or("");
    let explicit = is_directive(first)
        .then(|| first.as_bytes().get(4).copied())
        .flatten();
    let explicit = explicit.filter(|by| b",;\t|".contains(by));
    let begin: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .take(MAX_PREAMBLE)
        .collect();
    let known = |by: u8| {
        let named = |line: &&str| Heading::named(&rows_of(line, by).first()?.cells);
        begin
            .iter()
            .filter_map(named)
            .map(|found| found.known())
            .max()
    };
    // The first line that can be one of people, or of nothing.
    let sample = begin
        .iter()
        .find(|line| line.contains('@'))
        .or(begin.first());
    let count = |by: u8| sample.map_or(0, |line| line.bytes().filter(|byte| *byte == by).count());
    let best = [b'|', b';', b'\t', b',']
        .into_iter()
        .max_by_key(|by| (known(*by), count(*by)));
    rows_of(text, explicit.or(best).unwrap_or(b','))
}

fn rows_of(text: &str, by: u8) -> Vec<SheetRow> {
    let text = format!("{}\n", text.trim_end_matches('\n'));
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(by)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    let mut rows = Vec::new();
    while let Ok(true) = reader.read_record(&mut record) {
        // Its position is that of blank lines before it; what was read ends with it.
        let line = usize::try_from(reader.position().line()).unwrap_or(0);
        rows.push(SheetRow {
            line: line.saturating_sub(1),
            cells: record.iter().map(str::to_owned).collect(),
        });
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two people out of whatever programs write.
    const TABLES: &[&str] = &[
        "#TYPE Selected.Microsoft.Exchange.Data.Directory.Management.Mailbox\r\n\"DisplayName\",\"PrimarySmtpAddress\"\r\n\"Albers, Alice\",\"alice@example.test\"\r\n\"Bob\",\"bob@example.test\"\r\n",
        "#TYPE Selected.X;;\nPrimarySmtpAddress;DisplayName\nalice@example.test;Albers, Alice\nbob@example.test;Bob\n",
        "sep=;\nAnzeigename;E-Mail-Adresse\nAlbers, Alice;alice@example.test\nBob;bob@example.test",
        "Mailboxes of Example\nas of 27 November\n\nDisplayName\tPrimarySmtpAddress\nAlbers, Alice\talice@example.test\nBob\tbob@example.test",
        "\r\nDisplayName   PrimarySmtpAddress\r\n-----------   ------------------\r\nAlbers, Alice alice@example.test\r\nBob           bob@example.test  \r\n\r\n",
        "\n\nDisplayName        : Albers, Alice\nPrimarySmtpAddress : alice@example.test\n\nDisplayName        : Bob\nPrimarySmtpAddress : bob@example.test\n\n",
        "Nom complet;Adresse de messagerie\n\"Albers, Alice\";alice@example.test\nBob;bob@example.test\n;;\n",
        "DisplayName|PrimarySmtpAddress\n---|---\nAlbers, Alice|alice@example.test\nBob|bob@example.test",
        "#TYPE Deserialized.Microsoft.Exchange.Data.Directory.Management.Mailbox\n\"Name\",\"WindowsEmailAddress\",\"RecipientType\"\n\"Albers, Alice\",\"alice@example.test\",\"UserMailbox\"\n\"Bob\",\"bob@example.test\",\"UserMailbox\"\n",
        "#TYPE Selected.System.Management.Automation.PSCustomObject\nName\tEmailAddress\nAlbers, Alice\talice@example.test\nBob\tbob@example.test\n",
        "\u{FEFF}\"UserPrincipalName\";\"Name\"\r\n\"alice@example.test\";\"Albers, Alice\"\r\n\"bob@example.test\";\"Bob\"\r\n",
        "\u{FEFF}\"Anzeigename\"\t\"E-Mail-Adresse\"\r\n\"Albers, Alice\"\t\"alice@example.test\"\r\n\"Bob\"\t\"bob@example.test\"\r\n",
        "\u{FEFF}PS C:\\> Get-Mailbox | ft Name,WindowsEmailAddress\r\n\r\nName          WindowsEmailAddress\r\n----          -------------------\r\nAlbers, Alice alice@example.test\r\nBob           bob@example.test\r\n\r\n\r\n",
        "PS C:\\> Get-Mailbox | fl Name,PrimarySmtpAddress\n\n\nName               : Albers, Alice\nPrimarySmtpAddress : alice@example.test\n\nName               : Bob\nPrimarySmtpAddress : bob@example.test\n",
        "First Name,Middle Name,Last Name,Title,E-mail Address,E-mail Display Name,E-mail 2 Address\n\"Albers,\",,Alice,,alice@example.test,Alice (mail),\nBob,,,,bob@example.test,,\n",
        "Name,Given Name,Family Name,E-mail 1 - Type,E-mail 1 - Value,Phone 1 - Value\n\"Albers, Alice\",Alice,Albers,* Work,alice@example.test,\nBob,Bob,,* Home,bob@example.test,\n",
        "First Name,Last Name,Labels,E-mail 1 - Label,E-mail 1 - Value,E-mail 2 - Label,E-mail 2 - Value\n\"Albers,\",Alice,* myContacts,* Work,alice@example.test,,\nBob,,* myContacts,Home,bob@example.test,,\n",
        "Vorname;Nachname;Firma;E-Mail-Adresse;E-Mail: Angezeigter Name\n\"Albers,\";Alice;Example;alice@example.test;Alice Albers (alice@example.test)\nBob;;Example;bob@example.test;Bob\n",
        "DisplayName;PrimarySmtpAddress;UserPrincipalName\nAlbers, Alice;alice@example.test;alice@example.local\nBob;bob@example.test;bob@example.local\n",
    ];

    #[test]
    fn tables_of_others_are_read() {
        let people = |text: &&&str| -> Vec<(String, String)> {
            let sheet = read_sheet(text);
            let heading = sheet.heading.unwrap_or_default();
            let person =
                |row: &SheetRow| (heading.name_in(row), row.cell(heading.email).to_owned());
            sheet.rows.iter().map(person).collect()
        };
        let expected = [
            ("Albers, Alice".to_owned(), "alice@example.test".to_owned()),
            ("Bob".to_owned(), "bob@example.test".to_owned()),
        ];
        let misread: Vec<_> = TABLES
            .iter()
            .filter(|text| people(text) != expected)
            .collect();
        assert!(misread.is_empty(), "{misread:#?}");
    }

    #[test]
    fn names_of_columns_that_nobody_knows_lead_nowhere_behind_a_type() {
        let sheet = read_sheet("#TYPE X\nFoo,Bar\nBob,bob@example.test");
        assert_eq!((sheet.heading, sheet.rows.len()), (None, 1));
    }
}
