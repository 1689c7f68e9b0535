import type { Kind } from "../../outbox/entries";
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
  fullText: string;
  language: string;
  main: string;
  footer: string;
  refused: Record<Kind, (count: number) => string>;
  dismiss: string;
  refusedText: string;
  elsewhere: string;
  useThis: string;
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
    full: "Not kept on this device – keep this page open",
    fullText:
      "This device has no room to keep your entries, or its browser does not allow it. Everything is still sent to the service at once. Please keep this page open until you are done.",
    language: "Language",
    main: "Main",
    footer: "A screening score is not a diagnosis. This page is not for emergencies.",
    refused: {
      answer: (count) =>
        plural("en", count, {
          one: "The service could not take one of your answers.",
          other: "The service could not take {count} of your answers.",
        }),
      message: (count) =>
        plural("en", count, {
          one: "The service could not take one of your messages.",
          other: "The service could not take {count} of your messages.",
        }),
      announcement: (count) =>
        plural("en", count, {
          one: "The service could not take a note about one picture.",
          other: "The service could not take notes about {count} pictures.",
        }),
      capture: (count) =>
        plural("en", count, {
          one: "The service could not take one picture.",
          other: "The service could not take {count} pictures.",
        }),
    },
    dismiss: "I have read this",
    refusedText: "What was saved before is not affected.",
    elsewhere: "This assessment is open in another window or on another device. No pictures are taken here.",
    useThis: "Use this page",
    opening: "One moment…",
    skip: "Skip to the content",
  },
  id: {
    name: "Asesmen",
    demo: "Demonstrasi, bukan perawatan",
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
    full: "Tidak tersimpan di perangkat – biarkan halaman ini terbuka",
    fullText:
      "Perangkat ini tidak punya ruang untuk menyimpan isian Anda, atau perambannya tidak mengizinkan. Semuanya tetap langsung dikirim ke layanan. Mohon biarkan halaman ini terbuka sampai Anda selesai.",
    language: "Bahasa",
    main: "Utama",
    footer: "Skor penapisan bukan diagnosis. Halaman ini bukan untuk keadaan darurat.",
    refused: {
      answer: (count) =>
        plural("id", count, { other: "{count} jawaban Anda tidak dapat diterima oleh layanan." }),
      message: (count) =>
        plural("id", count, { other: "{count} pesan Anda tidak dapat diterima oleh layanan." }),
      announcement: (count) =>
        plural("id", count, { other: "Catatan tentang {count} gambar tidak dapat diterima oleh layanan." }),
      capture: (count) => plural("id", count, { other: "{count} gambar tidak dapat diterima oleh layanan." }),
    },
    dismiss: "Sudah saya baca",
    refusedText: "Yang sudah tersimpan tidak terpengaruh.",
    elsewhere:
      "Asesmen ini sedang terbuka di jendela atau perangkat lain. Tidak ada gambar yang diambil di sini.",
    useThis: "Gunakan halaman ini",
    opening: "Mohon tunggu sebentar…",
    skip: "Langsung ke isi",
  },
};
