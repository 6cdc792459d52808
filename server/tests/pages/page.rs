//! A page as people read it: headings, messages by their roles, and forms by their labels and buttons.

use scraper::{ElementRef, Html, Selector};

pub struct Page {
    html: Html,
}

/// A form with everything that a browser would send.
#[derive(Debug, Clone)]
pub struct Form {
    pub action: String,
    pub fields: Vec<Field>,
    /// The fieldset that labels are looked up in first.
    group: String,
}

#[derive(Debug, Clone)]
pub struct Field {
    /// The legend of the fieldset around it.
    pub group: String,
    pub label: String,
    pub name: String,
    pub kind: String,
    pub value: String,
    pub checked: bool,
    /// Marked as wrong.
    pub invalid: bool,
}

fn select(selector: &str) -> Selector {
    Selector::parse(selector).unwrap()
}

/// Text with single spaces.
fn text_of(element: ElementRef) -> String {
    let words: Vec<&str> = element.text().flat_map(str::split_whitespace).collect();
    words.join(" ")
}

impl Page {
    pub fn read(text: &str) -> Self {
        Self {
            html: Html::parse_document(text),
        }
    }

    fn elements(&self, selector: &str) -> Vec<ElementRef<'_>> {
        self.html.select(&select(selector)).collect()
    }

    /// The texts of all elements that match.
    pub fn texts(&self, selector: &str) -> Vec<String> {
        self.elements(selector).into_iter().map(text_of).collect()
    }

    pub fn attributes(&self, selector: &str, name: &str) -> Vec<String> {
        let found = self.elements(selector);
        let found = found.iter().filter_map(|element| element.attr(name));
        found.map(ToOwned::to_owned).collect()
    }

    pub fn heading(&self) -> String {
        self.texts("h1").join(" ")
    }

    /// Everything in the page's main part.
    pub fn text(&self) -> String {
        self.texts("main").join(" ")
    }

    /// What is announced as a failure.
    pub fn alert(&self) -> String {
        self.texts("[role=alert]").join(" ")
    }

    /// What is announced as done.
    pub fn status(&self) -> String {
        self.texts("[role=status]").join(" ")
    }

    /// What a screen reader says of the field with this name: its error and its hint.
    pub fn said_of(&self, name: &str) -> String {
        let field = format!("[name={name}]");
        let ids = self.attributes(&field, "aria-describedby").join(" ");
        let said = ids.split_whitespace();
        let said = said.flat_map(|id| self.texts(&format!("[id={id}]")));
        said.collect::<Vec<_>>().join(" ")
    }

    /// Where the link with these words leads.
    pub fn link(&self, words: &str) -> Option<String> {
        let links = self.elements("a[href]");
        let link = links.into_iter().find(|link| text_of(*link) == words)?;
        link.attr("href").map(ToOwned::to_owned)
    }

    /// The form with this button.
    pub fn form(&self, button: &str) -> Form {
        let (buttons, inputs) = (select("button"), select("input[name], select[name]"));
        let forms = self.elements("form");
        let form = forms
            .into_iter()
            .find(|form| form.select(&buttons).any(|found| text_of(found) == button));
        let form = form.unwrap_or_else(|| panic!("no button {button:?} on: {}", self.html.html()));
        assert_eq!(form.attr("method"), Some("post"));
        let fields = form.select(&inputs);
        Form {
            action: form.attr("action").unwrap().to_owned(),
            fields: fields.map(|input| Self::read_field(form, input)).collect(),
            group: String::new(),
        }
    }

    /// Every form that is posted, by its first button, which is the one that is pressed.
    pub fn forms(&self) -> Vec<(String, Form)> {
        let inputs = select("input[name], select[name], textarea[name]");
        let forms = self.elements("form[method=post]").into_iter();
        let forms = forms.map(|form| {
            let inputs = form.select(&inputs);
            let mut fields: Vec<_> = inputs.map(|input| Self::read_field(form, input)).collect();
            let button = form.select(&select("button")).next();
            let pressed = button.filter(|button| button.attr("name").is_some());
            fields.extend(pressed.map(|button| Field {
                kind: "hidden".to_owned(),
                ..Self::read_field(form, button)
            }));
            let read = Form {
                action: form.attr("action").unwrap().to_owned(),
                fields,
                group: String::new(),
            };
            (button.map(text_of).unwrap_or_default(), read)
        });
        forms.collect()
    }

    /// What people read on it, commands and addresses to paste aside.
    pub fn prose(&self) -> String {
        let is_code = |name: &str| matches!(name, "code" | "pre" | "script" | "style" | "datalist");
        let root = self.html.tree.root();
        let texts = root.descendants().filter_map(|node| {
            let text = node.value().as_text()?;
            let mut around = node.ancestors().filter_map(ElementRef::wrap);
            (!around.any(|it| is_code(it.value().name()))).then(|| text.to_string())
        });
        texts.collect::<Vec<_>>().join(" ")
    }

    fn read_field(form: ElementRef, input: ElementRef) -> Field {
        let attribute = |name: &str| input.attr(name).unwrap_or_default().to_owned();
        let own = input.attr("id").and_then(|id| {
            let mut labels = form
                .select(&select("label[for]"))
                .collect::<Vec<_>>()
                .into_iter();
            labels.find(|label| label.attr("for") == Some(id))
        });
        let mut around = input.ancestors().filter_map(ElementRef::wrap);
        let label = own.or_else(|| around.find(|element| element.value().name() == "label"));
        let mut around = input.ancestors().filter_map(ElementRef::wrap);
        let group = around
            .find(|element| element.value().name() == "fieldset")
            .and_then(|set| set.select(&select("legend")).next());
        // A choice out of a list stands for its chosen option.
        let chosen = input.select(&select("option[selected]")).next();
        let value = chosen.and_then(|option| option.attr("value"));
        Field {
            group: group.map(text_of).unwrap_or_default(),
            label: label.map(text_of).unwrap_or_default(),
            name: attribute("name"),
            kind: match input.value().name() {
                "input" => attribute("type"),
                other => other.to_owned(),
            },
            value: value.map_or_else(|| attribute("value"), ToOwned::to_owned),
            checked: input.attr("checked").is_some(),
            invalid: input.attr("aria-invalid") == Some("true"),
        }
    }
}

impl Form {
    /// From here on labels mean the fields of this fieldset.
    pub fn group(mut self, legend: &str) -> Self {
        legend.clone_into(&mut self.group);
        self
    }

    /// The field with this label, with or without the word "optional" beside it.
    pub fn field(&self, label: &str) -> &Field {
        &self.fields[self.index(label)]
    }

    fn index(&self, label: &str) -> usize {
        let named = |field: &Field| {
            field.group == self.group && field.label.trim_end_matches("optional").trim() == label
        };
        let found = self.fields.iter().position(named);
        found.unwrap_or_else(|| panic!("no field {label:?} in {self:?}"))
    }

    pub fn fill(mut self, label: &str, value: &str) -> Self {
        let index = self.index(label);
        value.clone_into(&mut self.fields[index].value);
        self
    }

    pub fn tick(mut self, label: &str, checked: bool) -> Self {
        let found = self.fields.iter_mut().find(|field| field.label == label);
        found.unwrap().checked = checked;
        self
    }

    /// The labels of all fields that are marked as wrong.
    pub fn wrong(&self) -> Vec<&str> {
        let wrong = self.fields.iter().filter(|field| field.invalid);
        wrong
            .map(|field| field.label.trim_end_matches("optional").trim())
            .collect()
    }

    /// As a browser encodes it.
    pub fn body(&self) -> String {
        let sent = self
            .fields
            .iter()
            .filter(|field| !matches!(&*field.kind, "checkbox" | "radio") || field.checked);
        let pairs: Vec<(&str, &str)> = sent.map(|field| (&*field.name, &*field.value)).collect();
        crate::browser::encoded(&pairs)
    }
}
