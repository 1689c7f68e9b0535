import { plural, type Words } from "../../words/languages.svelte";

interface FrameWords {
  name: string;
  demo: string;
  menu: string;
  history: string;
  assessment: string;
  pause: string;
  withdraw: string;
  logout: string;
  progress: (percent: number) => string;
  saved: string;
  saving: string;
  offline: string;
  login: string;
  full: string;
  language: string;
  main: string;
  footer: string;
  refused: (count: number) => string;
  refusedText: string;
  elsewhere: string;
  useThis: string;
  generalHelp: string;
  opening: string;
  skip: string;
}

export const words: Words<FrameWords> = {
  en: {
    name: "Assessment",
    demo: "Demonstration, not care",
    menu: "Menu",
    history: "Overview and history",
    assessment: "Back to the assessment",
    pause: "Pause and come back later",
    withdraw: "Withdraw",
    logout: "Log out",
    progress: (percent) => `${percent} % done`,
    saved: "Saved",
    saving: "Saving…",
    offline: "Offline – kept on this device",
    login: "Kept on this device – login needed",
    full: "This device is full",
    language: "Language",
    main: "Main",
    footer: "A screening score is not a diagnosis. This page is not for emergencies.",
    refused: (count) =>
      plural("en", count, {
        one: "One entry could not be taken by the service.",
        other: "{count} entries could not be taken by the service.",
      }),
    refusedText: "What you entered before is not affected.",
    elsewhere: "This assessment is open in another window or on another device. No pictures are taken here.",
    useThis: "Use this page",
    generalHelp:
      "If you are in danger, or might hurt yourself, please call your local emergency number now. Or talk to someone you trust, a doctor, or a crisis line near you. You do not have to carry this alone. Nobody reads along on this page, and it cannot call anyone for you.",
    opening: "One moment…",
    skip: "Skip to the content",
  },
  id: {
    name: "Asesmen",
    demo: "Demonstrasi, bukan layanan perawatan",
    menu: "Menu",
    history: "Ikhtisar dan riwayat",
    assessment: "Kembali ke asesmen",
    pause: "Jeda dan kembali nanti",
    withdraw: "Mengundurkan diri",
    logout: "Keluar",
    progress: (percent) => `${percent} % selesai`,
    saved: "Tersimpan",
    saving: "Menyimpan…",
    offline: "Luring – disimpan di perangkat ini",
    login: "Disimpan di perangkat ini – perlu masuk lagi",
    full: "Perangkat ini penuh",
    language: "Bahasa",
    main: "Utama",
    footer: "Skor penapisan bukan diagnosis. Halaman ini bukan untuk keadaan darurat.",
    refused: (count) => plural("id", count, { other: "{count} isian tidak dapat diterima oleh layanan." }),
    refusedText: "Isian Anda sebelumnya tidak terpengaruh.",
    elsewhere:
      "Asesmen ini sedang terbuka di jendela atau perangkat lain. Tidak ada gambar yang diambil di sini.",
    useThis: "Gunakan halaman ini",
    generalHelp:
      "Jika Anda dalam bahaya, atau mungkin menyakiti diri sendiri, mohon segera hubungi nomor darurat setempat. Atau bicaralah dengan seseorang yang Anda percaya, dokter, atau layanan krisis terdekat. Anda tidak harus menanggung ini sendirian. Tidak ada orang yang ikut membaca di halaman ini, dan halaman ini tidak dapat menelepon siapa pun untuk Anda.",
    opening: "Mohon tunggu sebentar…",
    skip: "Langsung ke isi",
  },
};
