
// Shows what there is to say of what is chosen in a picture, below it, and takes it away with Escape.
const marks = document.querySelectorAll("a.mark");
const choose = (mark) => {
  const note = document.getElementById(mark.getAttribute("href").slice(1));
  if (!note) return;
  for (const it of note.parentElement.children) it.classList.toggle("shown", it === note);
  for (const it of mark.closest("svg").querySelectorAll("a.mark")) it.classList.toggle("chosen", it === mark);
};
for (const mark of marks) {
  mark.addEventListener("focus", () => choose(mark));
  mark.addEventListener("click", (event) => {
    event.preventDefault();
    choose(mark);
  });
}
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const it of document.querySelectorAll(".shown, .chosen")) it.classList.remove("shown", "chosen");
});
// On paper nothing can be opened.
addEventListener("beforeprint", () => {
  for (const it of document.querySelectorAll("details")) it.open = true;
});
