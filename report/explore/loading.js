// Data come as scripts, each of which hands one value to explore.take: a page on a disk may load nothing else.
const explore = (() => {
  const parts = new Map();
  const waiting = new Map();
  const KEPT = 60; // chunks in memory

  const take = (name, value) => {
    parts.set(name, value);
    const chunks = [...parts.keys()].filter((part) => part.startsWith("chunk-"));
    if (chunks.length > KEPT) parts.delete(chunks[0]);
    const resolve = waiting.get(name);
    if (resolve) resolve(value);
    waiting.delete(name);
  };

  const load = (name) => {
    if (parts.has(name)) return Promise.resolve(parts.get(name));
    return new Promise((resolve, reject) => {
      const before = waiting.get(name);
      waiting.set(name, (value) => { if (before) before(value); resolve(value); });
      if (before) return;
      const script = document.createElement("script");
      script.src = `data/${name}.js`;
      script.onload = () => script.remove();
      script.onerror = () => reject(new Error(`data/${name}.js is missing: the page needs its whole folder`));
      document.head.append(script);
    });
  };

  // an element with properties, attributes ("aria-label") and children
  const make = (tag, given = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(given)) {
      if (name in made) made[name] = value;
      else made.setAttribute(name, value);
    }
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
  };

  // the turns of a conversation, each beside who speaks; block makes the element of a text. A text from the right has the speaker
  // there: the direction of a turn is that of its text, for parts with a direction of their own do not count
  const turn = ([role, content], block) => {
    const text = block(content);
    text.removeAttribute("dir");
    return make("div", { className: "turn", dir: "auto" }, make("strong", { className: "quiet", dir: "ltr", textContent: role }), text);
  };
  const turns = (said, block) => make("div", {}, ...said.map((one) => turn(one, block)));

  // a text as it is compared; polyglot.displays.explore.search says the same
  const plain = (text) => text.normalize("NFKC").toLowerCase().split(/\s+/u).filter((word) => word).join(" ");

  return { take, load, make, turns, plain };
})();
