import type { Words } from "../../words/languages.svelte";
import type { Closing } from "../rules";

interface ClosedWords {
  titles: Record<Closing, string>;
  texts: Record<Closing, string>;
  failedQuote: (id: string) => string;
  overview: string;
}

export const words: Words<ClosedWords> = {
  en: {
    titles: {
      declined: "You are not taking part",
      withdrawn: "You have withdrawn",
      stopped: "You have stopped",
      restarted: "Begun again",
      expired: "The time for this assessment is over",
      failed: "This assessment was ended",
    },
    texts: {
      declined:
        "You did not agree, so no answers and no pictures were taken. That is quite all right. If you change your mind, you can begin anew from the overview.",
      withdrawn:
        "Nothing more is recorded, and what waited on this device has been deleted from it. Thank you for the time you gave.",
      stopped:
        "This assessment ended on your wish. What was saved until then stays with the study, unless you ask to have it deleted. From the overview you can begin anew where the study allows it.",
      restarted: "This assessment was begun again; it goes on in its new form. You find it in the overview.",
      expired:
        "It was open for a limited time, and that time has passed. What was saved until then is kept. From the overview you can begin anew where the study allows it.",
      failed:
        "Those who run the study ended it because of a fault. It is nothing you did. Please ask those who invited you how to go on.",
    },
    failedQuote: (id) => `Please quote ${id}.`,
    overview: "To the overview",
  },
  id: {
    titles: {
      declined: "Anda tidak ikut serta",
      withdrawn: "Anda sudah mengundurkan diri",
      stopped: "Anda sudah berhenti",
      restarted: "Sudah dimulai lagi",
      expired: "Waktu untuk asesmen ini sudah habis",
      failed: "Asesmen ini dihentikan",
    },
    texts: {
      declined:
        "Anda tidak menyetujui, jadi tidak ada jawaban atau gambar yang diambil. Itu sama sekali tidak apa-apa. Jika Anda berubah pikiran, Anda dapat memulai lagi dari ikhtisar.",
      withdrawn:
        "Tidak ada lagi yang direkam, dan yang menunggu di perangkat ini sudah dihapus. Terima kasih atas waktu Anda.",
      stopped:
        "Asesmen ini berakhir atas keinginan Anda. Yang tersimpan sampai saat itu tetap ada di penelitian, kecuali Anda meminta agar dihapus. Dari ikhtisar Anda dapat memulai lagi jika penelitian mengizinkan.",
      restarted:
        "Asesmen ini sudah dimulai lagi dan berlanjut dalam bentuk baru. Anda menemukannya di ikhtisar.",
      expired:
        "Asesmen ini terbuka untuk waktu terbatas, dan waktu itu sudah lewat. Yang tersimpan sampai saat itu tetap disimpan. Dari ikhtisar Anda dapat memulai lagi jika penelitian mengizinkan.",
      failed:
        "Penyelenggara penelitian menghentikannya karena ada gangguan. Itu bukan kesalahan Anda. Mohon tanyakan kepada pengundang Anda bagaimana melanjutkannya.",
    },
    failedQuote: (id) => `Mohon sebutkan ${id}.`,
    overview: "Ke ikhtisar",
  },
};
