(async () => {
  const { load, make, turns } = explore;
  const by = (id) => document.getElementById(id);
  const form = by("rater");
  const field = form.elements;
  const all = await load("blind");
  const langs = Object.keys(all.pairs);
  const name = (lang) => all.names.languages[lang] || lang;
  field.lang.replaceChildren(...langs.map((lang) => make("option", { value: lang, textContent: name(lang) })));
  let at = 0;

  // verdicts of this draw of pairs stay in the browser
  const place = () => `polyglot-blind/${all.study}/${all.drawn}/${field.lang.value}`;
  const verdicts = () => { try { return JSON.parse(localStorage.getItem(place())) || {}; } catch { return memory[place()] || {}; } };
  const memory = {};
  const keep = (found) => { memory[place()] = found; try { localStorage.setItem(place(), JSON.stringify(found)); } catch { /* a browser without storage: they last as long as the page */ } };
  const pairs = () => all.pairs[field.lang.value] || [];

  const show = () => {
    const pair = pairs()[at];
    const found = verdicts();
    const done = pairs().filter((one) => found[one.id]).length;
    by("said").textContent = pair ? `Pair ${at + 1} of ${pairs().length}; ${done} judged` : langs.length ? `${done} of ${pairs().length} pairs are judged. Save them as a file.` : "There are no pairs: no two teachers have answered the same question.";
    const answer = (title, text) => make("section", { className: "answer", "aria-label": title }, make("h2", { textContent: title }), make("p", { className: "text", dir: "auto", lang: field.lang.value, textContent: text }));
    const block = (text) => make("p", { className: "text asked", dir: "auto", lang: field.lang.value, textContent: text });
    const asked = (pair) => pair.before.length ? turns([...pair.before, ["user", pair.prompt]], block) : block(pair.prompt);
    by("pair").replaceChildren(...(pair ? [asked(pair), make("div", { className: "answers" }, answer("First", pair.a), answer("Second", pair.b))] : []));
    for (const verdict of ["a", "tie", "b"]) {
      by(verdict).disabled = !pair;
      by(verdict).setAttribute("aria-pressed", String(Boolean(pair) && found[pair.id] === verdict));
    }
    by("back").disabled = at === 0;
    by("skip").disabled = !pair;
  };

  const first = () => { const found = verdicts(); const open = pairs().findIndex((pair) => !found[pair.id]); at = open < 0 ? pairs().length : open; show(); };
  const go = (step) => { at = Math.max(0, Math.min(pairs().length, at + step)); show(); };
  const judge = (verdict) => { const pair = pairs()[at]; if (!pair) return; keep({ ...verdicts(), [pair.id]: verdict }); go(1); };

  const save = () => {
    const found = verdicts();
    const chosen = pairs().filter((pair) => found[pair.id]).map((pair) => ({ pair: pair.id, verdict: found[pair.id] }));
    const value = { study: all.study, drawn: all.drawn, lang: field.lang.value, rater: field.rater.value.trim(), verdicts: chosen };
    const url = URL.createObjectURL(new Blob([`${JSON.stringify(value, null, 1)}\n`], { type: "application/json" }));
    const rater = value.rater.replace(/[^\p{L}\p{N}]+/gu, "-");
    make("a", { href: url, download: `verdicts-${all.study}-${value.lang}${rater ? `-${rater}` : ""}.json` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  };

  for (const verdict of ["a", "tie", "b"]) by(verdict).addEventListener("click", () => judge(verdict));
  by("back").addEventListener("click", () => go(-1));
  by("skip").addEventListener("click", () => go(1));
  by("save").addEventListener("click", save);
  field.lang.addEventListener("change", first);
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("keydown", (event) => {
    if (["INPUT", "SELECT"].includes(document.activeElement.tagName) || event.ctrlKey || event.metaKey || event.altKey) return;
    const verdict = { 1: "a", 0: "tie", 2: "b" }[event.key];
    if (verdict) judge(verdict);
    if (event.key === "ArrowLeft") go(-1);
    if (event.key === "ArrowRight") go(1);
  });
  first();
})();
