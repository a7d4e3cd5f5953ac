"use strict";
// Texts of the document as elements. Everything reaches the page as text, never as markup.

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const pretty = (value) => JSON.stringify(value, null, 2);

// Bold, code and links are all the inline Markdown that the document's texts use.
function prose(text) {
  return text.split(/(\*\*[^*]+\*\*|`[^`]+`|\[[^\]]+\]\([^)\s]+\))/).map((part) => {
    if (/^\*\*.+\*\*$/.test(part)) return make("strong", {}, part.slice(2, -2));
    if (/^`.+`$/.test(part)) return make("code", {}, part.slice(1, -1));
    const link = part.match(/^\[([^\]]+)\]\(([^)\s]+)\)$/);
    if (link && /^(https?:\/\/|\/|#)/.test(link[2])) return make("a", { href: link[2] }, link[1]);
    return part;
  });
}

// Blank lines divide paragraphs, and `- ` begins an item; any other line goes on with what is before it.
function blocksOf(text) {
  const blocks = [];
  let open = null;
  for (const line of text.split("\n")) {
    const words = line.trim();
    if (!words) open = null;
    else if (/^[-*] /.test(words)) {
      const list = blocks.at(-1)?.items && (open || blocks.at(-1).isOpen) ? blocks.at(-1) : null;
      open = { text: words.slice(2) };
      if (list) list.items.push(open);
      else blocks.push({ items: [open], isOpen: true });
    } else if (open) open.text += ` ${words}`;
    else {
      open = { text: words };
      blocks.push(open);
    }
  }
  return blocks;
}

function paragraphs(text) {
  return blocksOf(text).map((block) =>
    block.items
      ? make("ul", {}, ...block.items.map((item) => make("li", {}, ...prose(item.text))))
      : make("p", {}, ...prose(block.text)),
  );
}
