import type { State } from "../../api/contract";
import type { Words } from "../../words/languages.svelte";

interface HomeWords {
  title: string;
  titleFirst: string;
  firstText: string;
  language: string;
  start: string;
  startNew: string;
  goOn: string;
  open: string;
  past: string;
  none: string;
  noStudy: string;
  notSpoken: string;
  limit: string;
  notDue: (date: string) => string;
  notDueYet: string;
  incomplete: (details: string) => string;
  visit: (visit: number, attempt: number) => string;
  states: Record<State, string>;
  begun: (date: string) => string;
  until: (date: string) => string;
  chooseStudy: string;
}

export const words: Words<HomeWords> = {
  en: {
    title: "Overview",
    titleFirst: "Good that you are here",
    firstText:
      "You have been invited to take part in this study. Choose your language, then begin. You can stop at any time.",
    language: "Language of the assessment",
    start: "Begin",
    startNew: "Begin a new assessment",
    goOn: "Continue",
    open: "Open",
    past: "Earlier assessments",
    none: "There are none yet.",
    noStudy: "You are not part of any study at the moment. Please ask those who invited you.",
    notSpoken: "This study is not available in the language you read here; it goes on in its own.",
    limit: "There is no further assessment for you in this study now. Thank you for taking part.",
    notDue: (date) => `Your next assessment can begin on ${date}.`,
    notDueYet: "Your next assessment is not due yet.",
    incomplete: (details) =>
      `This study is not ready yet. Please tell those who invited you that this is missing: ${details}.`,
    visit: (visit, attempt) => (attempt > 1 ? `Visit ${visit}, attempt ${attempt}` : `Visit ${visit}`),
    states: {
      CREATED: "begun",
      CONSENT: "begun",
      CAMERA_CHECK: "begun",
      PHQ_IN_PROGRESS: "in the questionnaire",
      LLM_IN_PROGRESS: "in the interview",
      COMPLETED: "completed",
      ABANDONED: "stopped",
      INCOMPLETE: "time was over",
      FAILED: "ended by the study",
    },
    begun: (date) => `Begun ${date}`,
    until: (date) => `open until ${date}`,
    chooseStudy: "You take part in several studies.",
  },
  id: {
    title: "Ikhtisar",
    titleFirst: "Senang Anda di sini",
    firstText:
      "Anda diundang untuk ikut serta dalam penelitian ini. Pilih bahasa Anda, lalu mulai. Anda dapat berhenti kapan saja.",
    language: "Bahasa asesmen",
    start: "Mulai",
    startNew: "Mulai asesmen baru",
    goOn: "Lanjutkan",
    open: "Terbuka",
    past: "Asesmen sebelumnya",
    none: "Belum ada.",
    noStudy: "Saat ini Anda tidak terdaftar dalam penelitian apa pun. Mohon tanyakan kepada pengundang Anda.",
    notSpoken:
      "Penelitian ini tidak tersedia dalam bahasa yang Anda baca di sini; asesmen berlanjut dalam bahasanya sendiri.",
    limit: "Saat ini tidak ada asesmen lagi untuk Anda dalam penelitian ini. Terima kasih sudah ikut serta.",
    notDue: (date) => `Asesmen Anda berikutnya dapat dimulai pada ${date}.`,
    notDueYet: "Asesmen Anda berikutnya belum waktunya.",
    incomplete: (details) =>
      `Penelitian ini belum siap. Mohon sampaikan kepada pengundang Anda bahwa ini belum ada: ${details}.`,
    visit: (visit, attempt) =>
      attempt > 1 ? `Kunjungan ${visit}, percobaan ${attempt}` : `Kunjungan ${visit}`,
    states: {
      CREATED: "sudah dimulai",
      CONSENT: "sudah dimulai",
      CAMERA_CHECK: "sudah dimulai",
      PHQ_IN_PROGRESS: "di kuesioner",
      LLM_IN_PROGRESS: "di wawancara",
      COMPLETED: "selesai",
      ABANDONED: "dihentikan",
      INCOMPLETE: "waktunya habis",
      FAILED: "diakhiri oleh penelitian",
    },
    begun: (date) => `Dimulai ${date}`,
    until: (date) => `terbuka sampai ${date}`,
    chooseStudy: "Anda ikut serta dalam beberapa penelitian.",
  },
};
