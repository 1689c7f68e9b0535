import type { Words } from "../words/languages.svelte";

interface SafetyWords {
  button: string;
  heading: string;
  general: string;
  demo: string;
  call: (name: string) => string;
  visit: (name: string) => string;
  close: string;
  newWindow: string;
}

export const words: Words<SafetyWords> = {
  en: {
    button: "Get help now",
    heading: "Help, right now",
    general:
      "If you are in danger, or think you might hurt yourself, please do not stay alone with it.\n\n" +
      "Call your local emergency number, or go to the nearest hospital. Tell someone near you how you feel, " +
      "and ask them to stay with you.",
    demo: "This is a demonstration. The numbers here are placeholders: nobody answers them. If you need help, call your local emergency number.",
    call: (name) => `Call ${name}`,
    visit: (name) => `Website of ${name}`,
    close: "Close",
    newWindow: "opens in a new tab",
  },
  id: {
    button: "Bantuan sekarang",
    heading: "Bantuan, saat ini juga",
    general:
      "Jika Anda dalam bahaya, atau merasa mungkin akan menyakiti diri sendiri, mohon jangan menghadapinya sendirian.\n\n" +
      "Hubungi nomor darurat setempat, atau pergilah ke rumah sakit terdekat. Ceritakan perasaan Anda kepada orang " +
      "di dekat Anda, dan mintalah ia menemani Anda.",
    demo: "Ini adalah demonstrasi. Nomor-nomor di sini hanya contoh: tidak ada yang menjawabnya. Jika Anda membutuhkan bantuan, hubungi nomor darurat setempat.",
    call: (name) => `Hubungi ${name}`,
    visit: (name) => `Situs web ${name}`,
    close: "Tutup",
    newWindow: "terbuka di tab baru",
  },
};
