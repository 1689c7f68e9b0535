import { mount } from "svelte";
import App from "./App.svelte";
import { keepShell } from "./sw/register";
import { fatal } from "./troubles/fatal.svelte";
import "./ui/tokens.css";

const place = document.getElementById("page");
if (place === null) throw new Error("the page has no place");
fatal.listen();
place.replaceChildren();
mount(App, { target: place });
keepShell();
