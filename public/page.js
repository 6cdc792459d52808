// Puts the text beside a pressed button "Copy" into the clipboard, and says so.

const SHOWN = 4000;

document.addEventListener("click", async ({ target }) => {
  const button = target instanceof Element && target.closest("button.copy");
  const block = button && button.closest(".copyable")?.querySelector(".copy-text");
  if (!block) return;
  const lines = block.matches("ul") ? [...block.children] : [block];
  const text = lines.map((line) => line.textContent.trim()).join("\n");
  const told = button.nextElementSibling;
  try {
    await navigator.clipboard.writeText(text);
    told.textContent = "Copied";
  } catch {
    // The browser does not let pages write there: the text is chosen, and the keyboard copies it.
    getSelection().selectAllChildren(block);
    told.textContent = "Selected: press Ctrl+C";
  }
  setTimeout(() => { told.textContent = ""; }, SHOWN);
});

// Without script there is no button, and one click chooses the whole text.
document.documentElement.dataset.copies = "true";
