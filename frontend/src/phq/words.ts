import { plural, type Words } from "../words/languages.svelte";

interface PhqWords {
  title: string;
  begin: string;
  loading: string;
  question: (place: number, total: number) => string;
  next: string;
  back: string;
  skip: string;
  keys: string;
  chooseFirst: string;
  review: string;
  reviewText: string;
  reviewMissing: (count: number) => string;
  myAnswers: string;
  change: string;
  changeOf: (question: string) => string;
  noAnswer: string;
  leftOut: string;
  handIn: string;
  handingIn: string;
  missing: string;
  answered: (done: number, total: number) => string;
}

export const words: Words<PhqWords> = {
  en: {
    title: "Questionnaire",
    begin: "Begin",
    loading: "The questions are on their way…",
    question: (place, total) => `Question ${place} of ${total}`,
    next: "Next",
    back: "Back",
    skip: "I would rather not answer this",
    keys: "With a keyboard: arrows move, space chooses, or press the answer's number.",
    chooseFirst: "Please choose an answer first.",
    review: "That was the last question",
    reviewText: "You may look at your answers and change them. After you hand them in they stay as they are.",
    reviewMissing: (count) =>
      plural("en", count, {
        one: "One question has no answer yet.",
        other: "{count} questions have no answer yet.",
      }),
    myAnswers: "My answers",
    change: "Change",
    changeOf: (question) => `Change: ${question}`,
    noAnswer: "no answer yet",
    leftOut: "left out",
    handIn: "Hand in and go on",
    handingIn: "Your last answers are on their way…",
    missing: "This question still needs an answer.",
    answered: (done, total) => `${done} of ${total} answered`,
  },
  id: {
    title: "Kuesioner",
    begin: "Mulai",
    loading: "Pertanyaan sedang dimuat…",
    question: (place, total) => `Pertanyaan ${place} dari ${total}`,
    next: "Berikutnya",
    back: "Kembali",
    skip: "Saya memilih tidak menjawab ini",
    keys: "Dengan papan ketik: tanda panah untuk berpindah, spasi untuk memilih, atau tekan angka jawabannya.",
    chooseFirst: "Mohon pilih satu jawaban dahulu.",
    review: "Itu pertanyaan terakhir",
    reviewText:
      "Anda boleh melihat jawaban Anda dan mengubahnya. Setelah diserahkan, jawaban tidak berubah lagi.",
    reviewMissing: (count) => plural("id", count, { other: "{count} pertanyaan belum dijawab." }),
    myAnswers: "Jawaban saya",
    change: "Ubah",
    changeOf: (question) => `Ubah: ${question}`,
    noAnswer: "belum dijawab",
    leftOut: "dilewati",
    handIn: "Serahkan dan lanjutkan",
    handingIn: "Jawaban terakhir Anda sedang dikirim…",
    missing: "Pertanyaan ini masih perlu dijawab.",
    answered: (done, total) => `${done} dari ${total} dijawab`,
  },
};
