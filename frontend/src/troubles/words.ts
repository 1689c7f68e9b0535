import type { Words } from "../words/languages.svelte";

interface TroubleWords {
  offline: string;
  timeout: string;
  unreadable: string;
  unavailable: string;
  tooMany: string;
  broken: string;
  refused: string;
  ended: string;
  elsewhere: string;
  full: string;
  quote: (id: string) => string;
  again: (seconds: number) => string;
  now: string;
  oops: string;
  oopsText: string;
  reload: string;
}

export const words: Words<TroubleWords> = {
  en: {
    offline: "There is no connection to the service just now. We keep trying; you need not do anything.",
    timeout: "The service is taking longer than it should. We keep trying.",
    unreadable: "Something between this device and the service answered in its place. We keep trying.",
    unavailable: "The service is busy or being looked after just now. We keep trying.",
    tooMany: "That was tried very often in a short time. Please wait a moment.",
    broken: "Something went wrong on our side. We keep trying.",
    refused: "The service could not do this.",
    ended: "This assessment has ended in the meantime.",
    elsewhere: "This has moved on in the meantime, perhaps in another window.",
    full: "This device has no room left to keep your entries. Please free some space, or close other tabs.",
    quote: (id) => `If you ask for help with this, please quote ${id}.`,
    again: (seconds) => `Next try in ${seconds} s.`,
    now: "Try now",
    oops: "This page stumbled",
    oopsText:
      "Something went wrong in this page. Your answers are kept: those that are not saved on the server yet are kept on this device. Please load the page again; you will go on where you were.",
    reload: "Load again",
  },
  id: {
    offline:
      "Saat ini tidak ada sambungan ke layanan. Kami terus mencoba; Anda tidak perlu melakukan apa-apa.",
    timeout: "Layanan memerlukan waktu lebih lama dari biasanya. Kami terus mencoba.",
    unreadable:
      "Ada sesuatu di antara perangkat ini dan layanan yang menjawab lebih dulu. Kami terus mencoba.",
    unavailable: "Layanan sedang sibuk atau sedang dirawat. Kami terus mencoba.",
    tooMany: "Ini sudah terlalu sering dicoba dalam waktu singkat. Mohon tunggu sebentar.",
    broken: "Ada yang salah di pihak kami. Kami terus mencoba.",
    refused: "Layanan tidak dapat melakukan ini.",
    ended: "Asesmen ini sudah berakhir sementara itu.",
    elsewhere: "Asesmen ini sudah berlanjut, mungkin di jendela lain.",
    full: "Perangkat ini tidak punya ruang lagi untuk menyimpan isian Anda. Mohon kosongkan sedikit ruang, atau tutup tab lain.",
    quote: (id) => `Jika Anda meminta bantuan tentang hal ini, mohon sebutkan ${id}.`,
    again: (seconds) => `Dicoba lagi dalam ${seconds} detik.`,
    now: "Coba sekarang",
    oops: "Halaman ini tersandung",
    oopsText:
      "Ada yang salah di halaman ini. Jawaban Anda tetap disimpan: yang belum tersimpan di server disimpan di perangkat ini. Mohon muat ulang halaman; Anda akan melanjutkan dari tempat terakhir.",
    reload: "Muat ulang",
  },
};
