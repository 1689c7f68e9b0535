import { mount } from "svelte";
import App from "./App.svelte";
import "./ui/tokens.css";

const place = document.getElementById("page");
if (place === null) throw new Error("the page has no place");
mount(App, { target: place });
