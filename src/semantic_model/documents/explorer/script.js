"use strict";
(() => {
  const root = document.documentElement;
  const sections = [...document.querySelectorAll("main section")];
  const links = [...document.querySelectorAll("nav li a")];
  const search = document.getElementById("search");
  const none = document.getElementById("none");
  root.classList.add("script");
  const show = () => {
    const wanted = location.hash.slice(1);
    const section = sections.find((one) => one.id === wanted) || sections[0];
    for (const one of sections) one.classList.toggle("shown", one === section);
    for (const link of links) link.classList.toggle("here", link.hash === "#" + section.id);
    document.title = section.querySelector("h1").textContent;
    window.scrollTo(0, 0);
  };
  const words = new Map(sections.map((one) => [one.id, null]));
  const text = (id) => {
    if (words.get(id) === null) {
      const section = document.getElementById(id);
      const parts = [...section.querySelectorAll("h1, .description, pre, td, dd")];
      words.set(id, parts.map((part) => part.textContent).join("\n").toLowerCase());
    }
    return words.get(id) || "";
  };
  const filter = () => {
    const wanted = search.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const link of links) {
      const fits = wanted.every((word) => text(link.hash.slice(1)).includes(word));
      link.parentElement.hidden = !fits;
      if (fits) found += 1;
    }
    for (const heading of document.querySelectorAll("nav h2")) {
      heading.hidden = ![...heading.nextElementSibling.children].some((item) => !item.hidden);
    }
    none.hidden = found > 0;
  };
  search.addEventListener("input", filter);
  search.addEventListener("keydown", (event) => {
    const first = links.find((link) => !link.parentElement.hidden);
    if (event.key === "Enter" && first) location.hash = first.hash;
  });
  addEventListener("hashchange", show);
  show();
})();
