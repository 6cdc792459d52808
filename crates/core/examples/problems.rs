//! Writes the table of all problems as Markdown to standard output. `cargo xtask docs` keeps it in `docs/problems.md`.

fn main() -> std::io::Result<()> {
    std::io::Write::write_all(
        &mut std::io::stdout(),
        kalends_core::advice::table::markdown().as_bytes(),
    )
}
