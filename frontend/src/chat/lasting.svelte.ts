/** Whether something has been so for `ms` without a break. To be called while a component is made. */
export function lasting(is: () => boolean, ms: number): { readonly now: boolean } {
  let now = $state(false);
  $effect(() => {
    now = false;
    if (!is()) return;
    const timer = setTimeout(() => (now = true), ms);
    return () => clearTimeout(timer);
  });
  return {
    get now() {
      return now;
    },
  };
}
