import { plural, type Words } from "../../words/languages.svelte";

interface StepWords {
  welcome: string;
  goOn: string;
  begin: string;
  consentAbove: (version: number) => string;
  print: string;
  download: string;
  fileName: string;
  taking: string;
  scopes: Record<string, string>;
  required: string;
  optional: string;
  agree: string;
  decline: string;
  declineTitle: string;
  declineText: string;
  declineYes: string;
  back: string;
  missing: string;
  outdated: string;
  instructions: string;
  cooldown: string;
  finishing: string;
  finishingAnswers: string;
  finishingPictures: (count: number) => string;
  finishingElsewhere: (count: number) => string;
  elsewhereText: string;
  look: string;
  mayClose: string;
  mustStay: string;
  noWait: string;
  noWaitHint: string;
  thanks: string;
  score: string;
  scoreOf: (total: number, min: number, max: number) => string;
  notADiagnosis: string;
  picturesLeft: (count: number, stays: boolean) => string;
  overview: string;
}

export const words: Words<StepWords> = {
  en: {
    welcome: "Welcome",
    goOn: "Continue",
    begin: "Begin",
    consentAbove: (version) => `Information and consent, version ${version}`,
    print: "Print",
    download: "Download as text",
    fileName: "consent",
    taking: "What I agree to",
    scopes: {
      questionnaire: "The questionnaire: my answers and when I gave them",
      chat: "The written interview: my messages and the replies",
      camera: "Still pictures from my camera while I take part",
      external_model: "My messages are sent to a language model outside of the operator's machines",
    },
    required: "needed to take part",
    optional: "as you like",
    agree: "I agree, continue",
    decline: "I do not agree",
    declineTitle: "Not take part?",
    declineText: "Then this assessment ends here, and nothing more is recorded. That is quite all right.",
    declineYes: "Yes, do not take part",
    back: "Back",
    missing: "Please tick what is needed to take part, or choose “I do not agree”.",
    outdated: "The text has changed in the meantime. Please read it again.",
    instructions: "How it goes",
    cooldown: "The first part is done",
    finishing: "Almost done",
    finishingAnswers: "Your last entries are on their way. This can take a moment on a slow connection.",
    finishingPictures: (count) =>
      plural("en", count, {
        one: "One picture is still being sent.",
        other: "{count} pictures are still being sent.",
      }),
    finishingElsewhere: (count) =>
      plural("en", count, {
        one: "One picture has not arrived.",
        other: "{count} pictures have not arrived.",
      }),
    elsewhereText:
      "Perhaps they wait on another device that you used. Your answers and messages are saved; you can finish without the pictures.",
    look: "Look again",
    mayClose:
      "Your answers and messages are saved. You may close this page; the pictures go on at your next visit here. Or leave it open until they are through.",
    mustStay:
      "Your answers and messages are saved. Please leave this page open until the pictures are through: this device cannot keep them, so they are lost when it is closed.",
    noWait: "Finish without waiting",
    noWaitHint: "Pictures are still taken in for a day after you finish, while this page is open.",
    thanks: "Thank you",
    score: "Your screening score",
    scoreOf: (total, min, max) => `${total} (of ${min} to ${max})`,
    notADiagnosis:
      "This is a screening score, not a diagnosis. If you are worried about it, please talk to a doctor or someone you trust.",
    picturesLeft: (count, stays) =>
      plural("en", count, {
        one: "One picture is still being sent.",
        other: "{count} pictures are still being sent.",
      }) + (stays ? " You may close this page." : " Please leave this page open until they are through."),
    overview: "To the overview",
  },
  id: {
    welcome: "Selamat datang",
    goOn: "Lanjutkan",
    begin: "Mulai",
    consentAbove: (version) => `Informasi dan persetujuan, versi ${version}`,
    print: "Cetak",
    download: "Unduh sebagai teks",
    fileName: "persetujuan",
    taking: "Yang saya setujui",
    scopes: {
      questionnaire: "Kuesioner: jawaban saya dan kapan saya memberikannya",
      chat: "Wawancara tertulis: pesan saya dan balasannya",
      camera: "Gambar diam dari kamera saya selama saya ikut serta",
      external_model: "Pesan saya dikirim ke model bahasa di luar mesin milik penyelenggara",
    },
    required: "diperlukan untuk ikut serta",
    optional: "boleh dipilih",
    agree: "Saya setuju, lanjutkan",
    decline: "Saya tidak setuju",
    declineTitle: "Tidak ikut serta?",
    declineText:
      "Asesmen ini berakhir di sini, dan tidak ada lagi yang direkam. Itu sama sekali tidak apa-apa.",
    declineYes: "Ya, tidak ikut serta",
    back: "Kembali",
    missing: "Mohon centang yang diperlukan untuk ikut serta, atau pilih “Saya tidak setuju”.",
    outdated: "Teks ini sudah berubah sementara itu. Mohon dibaca lagi.",
    instructions: "Bagaimana jalannya",
    cooldown: "Bagian pertama selesai",
    finishing: "Hampir selesai",
    finishingAnswers:
      "Isian terakhir Anda sedang dikirim. Ini bisa memakan waktu sebentar pada sambungan yang lambat.",
    finishingPictures: (count) => plural("id", count, { other: "{count} gambar masih dikirim." }),
    finishingElsewhere: (count) => plural("id", count, { other: "{count} gambar belum sampai." }),
    elsewhereText:
      "Mungkin gambar itu menunggu di perangkat lain yang Anda pakai. Jawaban dan pesan Anda sudah tersimpan; Anda dapat menyelesaikan tanpa gambar itu.",
    look: "Periksa lagi",
    mayClose:
      "Jawaban dan pesan Anda sudah tersimpan. Anda boleh menutup halaman ini; gambar dikirim lagi pada kunjungan Anda berikutnya. Atau biarkan terbuka sampai semuanya terkirim.",
    mustStay:
      "Jawaban dan pesan Anda sudah tersimpan. Mohon biarkan halaman ini terbuka sampai semua gambar terkirim: perangkat ini tidak dapat menyimpannya, jadi gambar hilang jika halaman ditutup.",
    noWait: "Selesaikan tanpa menunggu",
    noWaitHint: "Gambar masih diterima selama satu hari setelah Anda selesai, selama halaman ini terbuka.",
    thanks: "Terima kasih",
    score: "Skor penapisan Anda",
    scoreOf: (total, min, max) => `${total} (dari ${min} sampai ${max})`,
    notADiagnosis:
      "Ini skor penapisan, bukan diagnosis. Jika Anda khawatir, silakan bicara dengan dokter atau seseorang yang Anda percaya.",
    picturesLeft: (count, stays) =>
      plural("id", count, { other: "{count} gambar masih dikirim." }) +
      (stays ? " Anda boleh menutup halaman ini." : " Mohon biarkan halaman ini terbuka sampai selesai."),
    overview: "Ke ikhtisar",
  },
};
