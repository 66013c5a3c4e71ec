(() => {
  // what is printed is what is open, and always the cautions
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details.cautions:not([open])")];
    opened.forEach((part) => { part.open = true; });
  });
  addEventListener("afterprint", () => {
    opened.forEach((part) => { part.open = false; });
    opened = [];
  });
  // a link to what is folded opens it
  const unfold = () => {
    const part = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const fold = part && part.closest("details");
    if (fold) {
      fold.open = true;
      fold.scrollIntoView();
    }
  };
  addEventListener("hashchange", unfold);
  unfold();
})();
