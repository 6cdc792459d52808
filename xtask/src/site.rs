//! Lays out the site: hashed names under `pkg/`, packed twins beside every file, and a manifest that names them.

use crate::{bundle::Bundle, folders, hash, process::step};
use anyhow::{Context, Result, bail};
use flate2::{Compression, write::GzEncoder};
use std::{collections::BTreeMap, fs, io::Write, path::Path};

/// The wasm of pages with an island, packed with brotli, in bytes.
const MAX_WASM: usize = 110 * 1024;
/// What a page without an island loads in script, likewise.
const MAX_SCRIPT: usize = 12 * 1024;

/// Writes the site anew where one of its parts changed, and tells its size. Fails when script and wasm grow too large.
pub fn write(bundle: &Bundle) -> Result<()> {
    let css = style(&folders::root().join("style/main.css"))?;
    let mut files = public(&folders::root().join("public"))?;
    let follow = follow(&files.remove("follow.js").unwrap_or_default())?;
    let mut addresses = BTreeMap::new();
    for (kind, extension, content) in [
        ("css", "css", css.as_bytes()),
        ("js", "js", &bundle.js),
        ("wasm", "wasm", &bundle.wasm),
        ("follow", "js", &follow),
    ] {
        let name = format!("pkg/kalends-{}.{extension}", &hash::of(&[content])[..16]);
        addresses.insert(kind, format!("/{name}"));
        files.insert(name, content.to_vec());
    }
    files.insert("manifest.json".to_owned(), serde_json::to_vec(&addresses)?);

    let stamp = folders::site().with_extension("stamp");
    let wanted = stamp_of(&files);
    if !fs::read_to_string(&stamp).is_ok_and(|known| known == wanted) || !folders::site().exists() {
        step("Packing the site", "usually 2 seconds", || lay_out(&files))?;
        fs::write(&stamp, wanted)?;
    }
    tell_size(&addresses)
}

fn lay_out(files: &BTreeMap<String, Vec<u8>>) -> Result<()> {
    let (done, fresh) = (folders::site(), folders::site().with_extension("new"));
    if fresh.exists() {
        fs::remove_dir_all(&fresh)?;
    }
    for (name, content) in files {
        let path = fresh.join(name);
        fs::create_dir_all(path.parent().unwrap_or(&fresh))?;
        fs::write(&path, content)?;
        if name == "manifest.json" {
            continue;
        }
        for (suffix, packed) in [("br", brotli(content)?), ("gz", gzip(content)?)] {
            // Fonts and pictures are packed already.
            if packed.len() < content.len() * 9 / 10 {
                fs::write(fresh.join(format!("{name}.{suffix}")), packed)?;
            }
        }
    }
    if done.exists() {
        fs::remove_dir_all(&done)?;
    }
    Ok(fs::rename(fresh, done)?)
}

fn tell_size(addresses: &BTreeMap<&str, String>) -> Result<()> {
    let packed = |address: &str| -> Result<usize> {
        let path = format!("{}{address}.br", folders::site().display());
        Ok(usize::try_from(fs::metadata(&path).context(path)?.len())?)
    };
    let named = |kind: &str| packed(addresses.get(kind).map_or("", String::as_str));
    let (js, wasm) = (named("js")?, named("wasm")?);
    let script = packed("/page.js")? + named("follow")?;
    println!(
        "  with brotli: a page's script {} KB (at most {}); with an island also wasm {} KB (at most {}) and its script {} KB",
        script.div_ceil(1024),
        MAX_SCRIPT / 1024,
        wasm.div_ceil(1024),
        MAX_WASM / 1024,
        js.div_ceil(1024),
    );
    if wasm > MAX_WASM {
        bail!("the wasm has {wasm} bytes with brotli, more than {MAX_WASM}");
    }
    if script > MAX_SCRIPT {
        bail!("a page's script has {script} bytes with brotli, more than {MAX_SCRIPT}");
    }
    Ok(())
}

/// The style sheet, with each line `@import "./name.css";` replaced by that file, so that one request brings it all.
fn style(main: &Path) -> Result<String> {
    let text = fs::read_to_string(main).with_context(|| main.display().to_string())?;
    let mut joined = String::new();
    for line in text.lines() {
        match line
            .strip_prefix("@import \"./")
            .and_then(|rest| rest.strip_suffix("\";"))
        {
            Some(name) => joined.push_str(&style(&main.with_file_name(name))?),
            None => joined.push_str(line),
        }
        joined.push('\n');
    }
    Ok(joined)
}

/// What makes open pages follow: idiomorph, which makes one part of a page like another, and what uses it, as one file.
fn follow(script: &[u8]) -> Result<Vec<u8>> {
    let idiomorph = folders::end2end().join("node_modules/idiomorph/dist/idiomorph.min.js");
    let idiomorph = fs::read(&idiomorph).with_context(|| idiomorph.display().to_string())?;
    // Its licence (0BSD) asks for no notice.
    Ok([&idiomorph[..], b"\n", script].concat())
}

fn public(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).with_context(|| next.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder)?.to_string_lossy().into_owned();
                files.insert(name, fs::read(&path)?);
            }
        }
    }
    Ok(files)
}

fn stamp_of(files: &BTreeMap<String, Vec<u8>>) -> String {
    let parts = files
        .iter()
        .flat_map(|(name, content)| [name.as_bytes(), content]);
    let hashes: Vec<String> = parts.map(|part| hash::of(&[part])).collect();
    hash::of(&[
        include_bytes!("site.rs"),
        hashes
            .join(
                "
",
            )
            .as_bytes(),
    ])
}

fn brotli(content: &[u8]) -> Result<Vec<u8>> {
    let mut packed = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams {
        quality: 11,
        lgwin: 22,
        ..Default::default()
    };
    brotli::BrotliCompress(&mut &content[..], &mut packed, &parameters)?;
    Ok(packed)
}

fn gzip(content: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    Ok(encoder.finish()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_style_sheet_brings_its_parts_in_the_order_it_names_them() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write(
            "main.css",
            "@layer a, b;\n@import \"./b.css\";\n@import \"./a.css\";",
        );
        write("a.css", "a{}");
        write("b.css", "b{}");
        assert_eq!(
            style(&folder.path().join("main.css")).unwrap(),
            "@layer a, b;\nb{}\n\na{}\n\n"
        );
    }

    #[test]
    fn a_changed_file_or_name_changes_the_stamp() {
        let files = |name: &str, content: &str| {
            BTreeMap::from([(name.to_owned(), content.as_bytes().to_vec())])
        };
        assert_ne!(stamp_of(&files("a", "1")), stamp_of(&files("a", "2")));
        assert_ne!(stamp_of(&files("a", "1")), stamp_of(&files("b", "1")));
    }
}
