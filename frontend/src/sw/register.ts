/**
 * Let the service worker keep the page for times without a network. Called once, when the page is up; it asks for
 * nothing before the page has loaded. Browsers without one, or that refuse, have the page as long as it is open.
 */
export function keepShell(): void {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  const register = () => {
    navigator.serviceWorker.register("/sw.js", { updateViaCache: "none" }).catch(() => undefined);
  };
  if (document.readyState === "complete") register();
  else window.addEventListener("load", register, { once: true });
}
