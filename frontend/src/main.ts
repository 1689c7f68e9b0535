import { mount } from "svelte";
import App from "./App.svelte";
import { keepShell } from "./sw/register";
import { fatal } from "./troubles/fatal.svelte";
import "./ui/tokens.css";

const place = document.getElementById("page");
if (place === null) throw new Error("the page has no place");
fatal.listen();
const before = [...place.childNodes];
place.replaceChildren();
try {
  mount(App, { target: place });
  keepShell();
} catch {
  // A browser that lacks what the page needs: what stood there says what can be done.
  place.replaceChildren(...before);
}
