//! Makes one part of a page like another and leaves alone what both have: focus, selection, scrolling and what somebody
//! unfolded stay as they are.

use leptos::wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, Node};

/// Makes a node like another of its kind.
pub fn morph(old: &Node, new: &Node) -> Result<(), JsValue> {
    if old.is_equal_node(Some(new)) {
        return Ok(());
    }
    let (Some(from), Some(to)) = (old.dyn_ref::<Element>(), new.dyn_ref::<Element>()) else {
        old.set_node_value(new.node_value().as_deref());
        return Ok(());
    };
    morph_attributes(from, to)?;
    morph_children(old, new)
}

fn morph_attributes(old: &Element, new: &Element) -> Result<(), JsValue> {
    for name in new
        .get_attribute_names()
        .iter()
        .filter_map(|name| name.as_string())
    {
        let value = new.get_attribute(&name).unwrap_or_default();
        if old.get_attribute(&name).as_ref() != Some(&value) {
            old.set_attribute(&name, &value)?;
        }
    }
    for name in old
        .get_attribute_names()
        .iter()
        .filter_map(|name| name.as_string())
    {
        // Somebody reads what they unfolded.
        if name != "open" && !new.has_attribute(&name) {
            old.remove_attribute(&name)?;
        }
    }
    Ok(())
}

/// Goes through both lists once: what has no partner among the old is put in, what has none among the new goes.
fn morph_children(old: &Node, new: &Node) -> Result<(), JsValue> {
    let mut at = old.first_child();
    let mut wanted = new.first_child();
    while let Some(child) = wanted {
        wanted = child.next_sibling();
        let Some(partner) = partner(at.clone(), &child) else {
            old.insert_before(&child, at.as_ref())?;
            continue;
        };
        while let Some(gone) = at.filter(|node| !node.is_same_node(Some(&partner))) {
            at = gone.next_sibling();
            old.remove_child(&gone)?;
        }
        at = partner.next_sibling();
        morph(&partner, &child)?;
    }
    while let Some(gone) = at {
        at = gone.next_sibling();
        old.remove_child(&gone)?;
    }
    Ok(())
}

/// The next of the old nodes, from one on, that stands for the same thing.
fn partner(mut at: Option<Node>, new: &Node) -> Option<Node> {
    let wanted = key(new);
    while let Some(node) = at {
        if node.node_name() == new.node_name() && key(&node) == wanted {
            return Some(node);
        }
        at = node.next_sibling();
    }
    None
}

/// What something is, whatever it says: its id, or where it leads; of what stands in a list, where its first link leads.
fn key(node: &Node) -> Option<String> {
    let element = node.dyn_ref::<Element>()?;
    let leads = |element: &Element| element.get_attribute("href");
    element
        .get_attribute("id")
        .or_else(|| leads(element))
        .or_else(|| {
            if !matches!(&*element.tag_name(), "LI" | "TR") {
                return None;
            }
            let link = element.query_selector("a[href]").ok().flatten()?;
            leads(&link)
        })
}
