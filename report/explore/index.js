(async () => {
  const { load, make, turns, plain } = explore;
  const PAGE = 20;
  const TEN = 10;
  const AHEAD = 6; // chunks that are loaded at once
  const by = (id) => document.getElementById(id);
  const form = by("filters");
  const field = form.elements;
  const all = await load("manifest");
  const nameOf = (kind, name) => all.names[kind][name] || name;
  const teacherName = (place) => nameOf("teachers", all.teachers[place]);
  const number = (value) => value.toLocaleString("en");
  const words = (name) => name.replaceAll("_", " "); // of a status or a filter
  const arrow = (metric) => ({ higher: " ↑", lower: " ↓" }[metric.better] || "");
  const counted = (count, name) => `${number(count)} ${name}${count === 1 ? "" : "s"}`;

  // ---- what can be chosen
  const offer = (select, options) => select.replaceChildren(...options.map(([value, text]) => make("option", { value, textContent: text })));
  const langs = [...new Set(all.groups.map((group) => group.lang))];
  const methods = [...new Set(all.groups.map((group) => group.method))];
  offer(field.lang, [...langs.map((lang) => [lang, nameOf("languages", lang)]), ["", "all"]]);
  offer(field.method, [["", "all"], ...methods.map((method) => [method, method])]);
  offer(field.teacher, [["", "all"], ...all.teachers.map((name, place) => [place, teacherName(place)])]);
  offer(field.status, [["", "all"], ["used", "in the training set"], ["out", "left out"], ...all.statuses.map((name, place) => [place, words(name)])]);
  offer(field.metric, all.metrics.map((metric, place) => [place, metric.title + arrow(metric)]));
  const judged = all.metrics.findIndex((metric) => metric.name === "reward");
  if (judged >= 0) field.metric.value = judged;

  const total = all.groups.reduce((sum, group) => sum + group.answers, 0);
  const shown = all.groups.reduce((sum, group) => sum + group.requests, 0);
  const asked = all.groups.reduce((sum, group) => sum + group.asked, 0);
  const extent = shown < asked ? `a random ${number(shown)} of ${number(asked)} requests` : `all ${number(shown)} requests`;
  by("about").textContent = `${counted(total, "answer")} of ${counted(all.teachers.length, "teacher")} in ${counted(langs.length, "language")}: ${extent} of the first draw.`;

  // ---- which requests are asked for: {group, request, marked} with the answers that the filters mean
  const chosenGroups = () =>
    all.groups.map((group, place) => ({ ...group, place }))
      .filter((group) => (!field.lang.value || group.lang === field.lang.value) && (!field.method.value || group.method === field.method.value));

  const filtering = () => ["teacher", "status", "low", "high"].some((name) => field[name].value !== "");

  const matching = (facets) => {
    const { teacher, status, low, high } = field;
    const values = facets.metrics[Number(field.metric.value)] || [];
    const least = low.value === "" ? -Infinity : Number(low.value);
    const most = high.value === "" ? Infinity : Number(high.value);
    const bounded = low.value !== "" || high.value !== "";
    return facets.request.map((_, at) => {
      if (teacher.value !== "" && facets.teacher[at] !== Number(teacher.value)) return false;
      if (status.value === "used" && !facets.used[at]) return false;
      if (status.value === "out" && facets.status[at] === 0) return false;
      if (!["", "used", "out"].includes(status.value) && facets.status[at] !== Number(status.value)) return false;
      const value = values[at];
      return !bounded || (value !== null && value !== undefined && value >= least && value <= most);
    });
  };

  // whole numbers that look random and are the same each time (mulberry32)
  const random = (seed) => () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };

  const tenOf = (places, facets, show) => {
    if (show === "random") {
      const next = random(1);
      return places.map((at) => [next(), at]).sort((one, other) => one[0] - other[0]).slice(0, TEN).map(([, at]) => at);
    }
    const metric = all.metrics[Number(field.metric.value)];
    const values = facets.metrics[Number(field.metric.value)];
    const sign = (metric.better === "lower" ? -1 : 1) * (show === "best" ? -1 : 1);
    const known = places.filter((at) => values[at] !== null);
    return known.sort((one, other) => sign * (values[one] - values[other]) || one - other).slice(0, TEN);
  };

  const asking = async () => {
    const found = [];
    for (const group of chosenGroups()) {
      const facets = await load(`facets-${group.place}`);
      const matches = matching(facets);
      if (field.show.value) {
        const cells = new Map();
        facets.teacher.forEach((teacher, at) => {
          if (!matches[at]) return;
          if (!cells.has(teacher)) cells.set(teacher, []);
          cells.get(teacher).push(at);
        });
        for (const [teacher, places] of [...cells].sort((one, other) => one[0] - other[0])) {
          for (const at of tenOf(places, facets, field.show.value)) {
            found.push({ group, request: facets.request[at], marked: new Set([teacher]) });
          }
        }
        continue;
      }
      const requests = new Map();
      facets.request.forEach((request, at) => {
        if (!matches[at]) return;
        if (!requests.has(request)) requests.set(request, new Set());
        requests.get(request).add(facets.teacher[at]);
      });
      for (const [request, marked] of requests) found.push({ group, request, marked });
    }
    return found;
  };

  // ---- search: the chunks that can have a text, by its words (polyglot.displays.explore.search makes the index)
  const chunkOf = ({ group, request }) => group.first + Math.floor(request / group.size);
  const unspaced = new RegExp(`[${all.unspaced}]`, "u");
  const runs = new RegExp(`[${all.unspaced}]+|[^${all.unspaced}\\s]+`, "gu");
  const starts = /(?<![\p{L}\p{N}\p{M}])[\p{L}\p{N}]/gu; // a letter or digit after another sign

  const wordsOf = (text) => {
    const found = (text.match(runs) || []).flatMap((run) => {
      if (!unspaced.test(run)) return [...run.matchAll(starts)].map((start) => run.slice(start.index));
      const letters = [...run];
      return letters.slice(1).map((letter, at) => letters[at] + letter);
    });
    return new Set(found.map((word) => [...word].slice(0, all.longest).join("")).filter((word) => [...word].length > 1));
  };

  // null stands for every chunk
  const having = async (word) => {
    const [first, second] = [...word].map((letter) => letter.codePointAt(0));
    const part = await load(`search-${(first * 31 + second) % all.parts}`);
    const found = new Set();
    for (const [known, chunks] of Object.entries(part)) {
      if (!known.startsWith(word)) continue;
      if (chunks === 0) return null;
      chunks.forEach((chunk) => found.add(chunk));
    }
    return found;
  };

  const candidates = async (text) => {
    let left = null;
    for (const one of await Promise.all([...wordsOf(text)].map(having))) {
      if (one) left = left ? new Set([...left].filter((chunk) => one.has(chunk))) : one;
    }
    return left;
  };

  // whether a text stands there, at the beginning of a word where there are words
  const inside = (given, text) => {
    const whole = plain(given);
    for (let at = whole.indexOf(text); at >= 0; at = whole.indexOf(text, at + 1)) {
      const before = at ? [...whole.slice(Math.max(0, at - 2), at)].pop() : " ";
      if (!/[\p{L}\p{N}\p{M}]/u.test(before) || unspaced.test(before) || unspaced.test(text[0])) return true;
    }
    return false;
  };

  const has = (row, marked, text) =>
    [row.prompt, ...(row.before || []).map(([, content]) => content)].some((asked) => inside(asked, text)) ||
    row.answers.some((answer) => marked.has(answer.teacher) &&
      ["prompt", "response", "text", "thoughts"].some((name) => answer[name] && inside(answer[name], text)));

  // ---- what is shown of a request
  const lit = (text, sought) => {
    const part = make("span");
    const place = sought ? text.toLowerCase().indexOf(sought.toLowerCase()) : -1;
    if (place < 0) part.append(text);
    else part.append(text.slice(0, place), make("mark", { textContent: text.slice(place, place + sought.length) }), text.slice(place + sought.length));
    return part;
  };

  const block = (text, lang, sought, kind = "text", label = "") =>
    make("p", { className: kind, dir: "auto", lang: lang || "", ...(label && { "data-label": label }) }, lit(text, sought));

  const folded = (title, ...inside) => make("details", {}, make("summary", { textContent: title }), ...inside);

  const terms = (pairs) => make("dl", {}, ...pairs.flatMap(([term, value]) => [make("dt", { textContent: term }), make("dd", { textContent: value })]));

  const reasons = (answer) => {
    const said = (answer.said || []).map(([filter, decision, score, problem]) =>
      [words(all.filters[filter]), [decision, score === null ? "" : `score ${score}`, problem].filter((part) => part).join("; ")]);
    const lines = [["status", words(all.statuses[answer.status])], ...(answer.problem ? [["because", answer.problem]] : []), ...said];
    if (answer.status === 0 && !answer.used) lines.push(["not drawn", "it is usable, and the training set was full without it"]);
    return terms(lines);
  };

  const answerOf = (answer, row, lang, marked, sought) => {
    const usable = answer.status === 0;
    const state = usable ? (answer.used ? "in the training set" : "usable, not drawn") : `left out: ${words(all.statuses[answer.status])}`;
    const measured = all.metrics.map((metric, place) => [metric.title + arrow(metric), answer.metrics && answer.metrics[place]])
      .filter(([, value]) => value !== null && value !== undefined).map(([title, value]) => [title, String(value)]);
    const parts = [
      make("h3", { textContent: teacherName(answer.teacher) }),
      make("p", { className: `status${usable ? "" : " out"}`, textContent: state }),
      answer.prompt && answer.prompt !== row.prompt ? block(answer.prompt, lang, sought, "text asked", "prompt") : null,
      answer.response ? block(answer.response, lang, sought, "text", "response") : null,
      answer.text ? folded("what it wrote", block(answer.text, lang, sought)) : null,
      measured.length ? terms(measured) : null,
      answer.thoughts ? folded("thoughts", block(answer.thoughts, "", sought)) : null,
      answer.neighbour ? folded(`nearest neighbour${answer.similarity === undefined ? "" : `, similarity ${answer.similarity}`}`, block(answer.neighbour, lang)) : null,
      folded(usable ? "what the filters said" : "why was this left out?", reasons(answer)),
    ];
    const other = marked && !marked.has(answer.teacher);
    return make("section", { className: `answer${other ? " other" : ""}`, "aria-label": teacherName(answer.teacher) }, ...parts);
  };

  const requestOf = (row, { group, marked }, sought) => {
    const narrowed = filtering() || field.show.value;
    return make("article", { lang: "en" },
      make("h2", { className: "quiet", textContent: `${nameOf("languages", group.lang)} · ${group.method} · ${row.id}` }),
      row.before ? turns([...row.before, ["user", row.prompt]], (text) => block(text, group.lang, sought, "text asked"))
        : row.prompt ? block(row.prompt, group.lang, sought, "text asked", "prompt") : null,
      folded("what the teachers were asked", turns(row.asked, (text) => block(text, ""))),
      make("div", { className: "answers" }, ...row.answers.map((answer) => answerOf(answer, row, group.lang, narrowed ? marked : null, sought))));
  };

  // ---- one page of what was asked for
  const told = (error) => { by("said").textContent = error.message; };
  let run = 0;
  let page = 0;
  let list = { items: [], pages: [[]], whole: true };

  // finds pages up to one; stops if something else is asked for meanwhile
  const fill = async (until, mine) => {
    while (list.pages.length <= until && !list.whole) {
      const next = [];
      while (next.length < PAGE && list.at < list.items.length) {
        const item = list.items[list.at];
        const chunk = chunkOf(item);
        list.at += 1;
        if (list.chunks && !list.chunks.has(chunk)) continue;
        if (list.text) {
          if (chunk !== list.last) ahead(chunk);
          list.last = chunk;
          const row = (await load(`chunk-${chunk}`))[item.request % item.group.size];
          if (mine !== run) return;
          if (!has(row, item.marked, list.text)) continue;
        }
        next.push(item);
      }
      if (next.length) list.pages.push(next);
      list.whole = list.at >= list.items.length;
    }
  };

  const ahead = (chunk) => {
    const order = list.chunks ? [...list.chunks].sort((one, other) => one - other) : [...Array(all.chunks).keys()];
    order.slice(order.indexOf(chunk), order.indexOf(chunk) + AHEAD).forEach((one) => { load(`chunk-${one}`).catch(told); });
  };

  const show = async (mine) => {
    await fill(page, mine);
    if (mine !== run) return;
    const items = list.pages[page] || [];
    const rows = await Promise.all(items.map(async (item) => (await load(`chunk-${chunkOf(item)}`))[item.request % item.group.size]));
    if (mine !== run) return;
    by("found").replaceChildren(...rows.map((row, at) => requestOf(row, items[at], field.text.value.trim())));
    by("found").dataset.text = field.text.value; // what is shown is for these words
    say();
    await fill(page + 1, mine); // so that "Next" knows whether there is any
    if (mine === run) say();
  };

  const say = () => {
    const seen = list.pages.reduce((sum, one) => sum + one.length, 0);
    const count = list.text ? `${list.whole ? "" : "at least "}${number(seen)}` : number(list.items.length);
    by("said").textContent = seen || !list.whole ? `${count} ${field.show.value ? "answer" : "request"}${count === "1" ? "" : "s"} found` : "Nothing is found: change a filter, or clear them.";
    by("back").disabled = page === 0;
    by("next").disabled = page + 1 >= list.pages.length;
    by("place").textContent = `page ${page + 1}${list.text ? "" : ` of ${Math.max(1, Math.ceil(list.items.length / PAGE))}`}`;
  };

  const start = async () => {
    run += 1;
    const mine = run;
    page = 0;
    field.metric.disabled = !all.metrics.length;
    const chosen = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
    history.replaceState(null, "", `#${chosen}`);
    const text = plain(field.text.value);
    const [items, chunks] = await Promise.all([asking(), text ? candidates(text) : null]);
    if (mine !== run) return;
    list = { items, chunks, text, at: 0, pages: [], whole: items.length === 0 };
    await show(mine);
  };

  const turn = (step) => { page += step; show(run).then(() => by("found").focus()).catch(told); };
  by("back").addEventListener("click", () => turn(-1));
  by("next").addEventListener("click", () => turn(1));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => { if (judged >= 0) field.metric.value = judged; start().catch(told); }));
  let later = 0;
  form.addEventListener("input", () => { clearTimeout(later); later = setTimeout(() => start().catch(told), 150); });
  addEventListener("keydown", (event) => {
    if (event.key === "/" && !["INPUT", "SELECT"].includes(document.activeElement.tagName)) { event.preventDefault(); field.text.focus(); }
  });
  for (const [name, value] of new URLSearchParams(location.hash.slice(1))) if (field[name]) field[name].value = value;
  await start().catch(told);
})();
