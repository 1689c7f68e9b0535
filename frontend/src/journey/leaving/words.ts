import { plural, type Words } from "../../words/languages.svelte";

interface LeavingWords {
  back: string;
  backShort: string;
  pauseTitle: string;
  pauseText: (until: string) => string;
  allSaved: string;
  notYetSent: string;
  clockOff: string;
  pauseHow: string;
  stay: string;
  stopTitle: string;
  stopText: string;
  stopReason: string;
  stop: string;
  againTitle: string;
  againText: string;
  again: Record<"all" | "phq" | "chat", string>;
  againNot: string;
  withdrawTitle: string;
  withdrawText: string;
  everything: string;
  everythingHint: string;
  some: string;
  scopes: Record<string, string>;
  erase: string;
  eraseHint: string;
  withdraw: string;
  chooseFirst: string;
  doneTitle: string;
  doneSome: string;
  doneAll: string;
  receipt: string;
  receiptHint: string;
  goOn: string;
  notYet: string;
  logoutTitle: string;
  logoutText: string;
  logout: string;
  waiting: (count: number) => string;
  sendFirst: string;
  sending: string;
  leave: string;
  leaveHint: string;
  leaveSomeHint: string;
  notKept: string;
  drop: string;
  dropHint: string;
}

export const words: Words<LeavingWords> = {
  en: {
    back: "Back to the assessment",
    backShort: "Back",
    pauseTitle: "Pause and come back later",
    pauseText: (until) => `You can go on until ${until}.`,
    allSaved: "Everything you entered is saved.",
    notYetSent:
      "Some of what you entered is kept on this device and has not reached the service yet. It is sent while this page is open, now or at your next visit on this device.",
    clockOff: "The clock of this device is set to another time; please go by another one.",
    pauseHow:
      "Close this page whenever you like. To come back, open your link again or log in, on this device or another one: you go on where you were. On a device that others use, please log out as well.",
    stay: "Go on now",
    stopTitle: "Or end it for good",
    stopText:
      "You can also stop altogether. What was saved stays with the study. To have it deleted, withdraw instead (in the menu).",
    stopReason: "Would you like to say why? You need not.",
    stop: "End this assessment",
    againTitle: "Or begin again",
    againText: "What you entered before is kept as it was, and what you enter anew counts.",
    again: {
      all: "Begin the whole assessment again",
      phq: "Begin the questionnaire again",
      chat: "Begin the interview again",
    },
    againNot: "This study does not allow to begin that again.",
    withdrawTitle: "Withdraw",
    withdrawText:
      "You can take back what you agreed to, at any time and without a reason. It does you no harm.",
    everything: "Everything",
    everythingHint: "The assessment ends, and nothing more is recorded.",
    some: "Only this:",
    scopes: {
      questionnaire: "The questionnaire",
      chat: "The written interview",
      camera: "Pictures from my camera",
      external_model: "Sending my messages to an outside language model",
    },
    erase: "Also delete what was recorded of it",
    eraseHint: "Your request gets a number, and those who run the study carry it out.",
    withdraw: "Withdraw",
    chooseFirst: "Please choose what you would like to take back.",
    doneTitle: "That is taken back",
    doneSome: "From now on nothing of that kind is recorded. You can go on with the rest.",
    doneAll:
      "This assessment has ended, and nothing more is recorded. What still waited on this device has been deleted from it.",
    receipt: "The number of your request to delete:",
    receiptHint:
      "Please note it down or take a picture of it. You need it if you want to ask about your request.",
    goOn: "Continue",
    notYet:
      "There is nothing to withdraw from: you have not agreed to anything yet, or it has ended already.",
    logoutTitle: "Log out",
    logoutText: "You can come back with your link or your login at any time, and go on where you were.",
    logout: "Log out",
    waiting: (count) =>
      plural("en", count, {
        one: "One entry on this device has not reached the service yet. What should become of it?",
        other: "{count} entries on this device have not reached the service yet. What should become of them?",
      }),
    sendFirst: "Send first, then log out",
    sending: "They are on their way. You are logged out as soon as they are through.",
    leave: "Log out and leave them on this device",
    leaveHint: "They stay encrypted here, and are sent when you log in on this device again.",
    leaveSomeHint:
      "This device could not keep all of them. Those that it kept stay encrypted here, and are sent when you log in on this device again. The others are lost then.",
    notKept: "This device does not keep them: what has not been sent when you log out is lost.",
    drop: "Log out and delete them",
    dropHint: "They are lost then.",
  },
  id: {
    back: "Kembali ke asesmen",
    backShort: "Kembali",
    pauseTitle: "Jeda dan kembali nanti",
    pauseText: (until) => `Anda dapat melanjutkan sampai ${until}.`,
    allSaved: "Semua isian Anda tersimpan.",
    notYetSent:
      "Sebagian isian Anda disimpan di perangkat ini dan belum sampai ke layanan. Isian dikirim selama halaman ini terbuka, sekarang atau pada kunjungan Anda berikutnya di perangkat ini.",
    clockOff: "Jam perangkat ini menunjukkan waktu yang lain; mohon gunakan jam lain sebagai patokan.",
    pauseHow:
      "Tutup halaman ini kapan saja. Untuk kembali, buka lagi tautan Anda atau masuk, di perangkat ini atau yang lain: Anda melanjutkan dari tempat terakhir. Di perangkat yang dipakai orang lain juga, mohon keluar dahulu.",
    stay: "Lanjutkan sekarang",
    stopTitle: "Atau akhiri sepenuhnya",
    stopText:
      "Anda juga dapat berhenti sama sekali. Yang tersimpan tetap ada di penelitian. Agar dihapus, silakan mengundurkan diri (di menu).",
    stopReason: "Maukah Anda menyebutkan alasannya? Tidak wajib.",
    stop: "Akhiri asesmen ini",
    againTitle: "Atau mulai lagi",
    againText: "Isian sebelumnya tetap disimpan seperti adanya, dan isian yang baru yang berlaku.",
    again: { all: "Mulai seluruh asesmen lagi", phq: "Mulai kuesioner lagi", chat: "Mulai wawancara lagi" },
    againNot: "Penelitian ini tidak mengizinkan hal itu dimulai lagi.",
    withdrawTitle: "Mengundurkan diri",
    withdrawText:
      "Anda dapat menarik kembali persetujuan Anda, kapan saja dan tanpa alasan. Itu tidak merugikan Anda.",
    everything: "Semuanya",
    everythingHint: "Asesmen berakhir, dan tidak ada lagi yang direkam.",
    some: "Hanya ini:",
    scopes: {
      questionnaire: "Kuesioner",
      chat: "Wawancara tertulis",
      camera: "Gambar dari kamera saya",
      external_model: "Pengiriman pesan saya ke model bahasa di luar",
    },
    erase: "Hapus juga yang sudah direkam darinya",
    eraseHint: "Permintaan Anda mendapat nomor, dan penyelenggara penelitian akan melaksanakannya.",
    withdraw: "Tarik kembali",
    chooseFirst: "Mohon pilih apa yang ingin Anda tarik kembali.",
    doneTitle: "Sudah ditarik kembali",
    doneSome: "Mulai sekarang hal itu tidak direkam lagi. Anda dapat melanjutkan sisanya.",
    doneAll:
      "Asesmen ini sudah berakhir, dan tidak ada lagi yang direkam. Yang masih menunggu di perangkat ini sudah dihapus.",
    receipt: "Nomor permintaan penghapusan Anda:",
    receiptHint: "Mohon dicatat atau difoto. Anda memerlukannya jika ingin menanyakan permintaan Anda.",
    goOn: "Lanjutkan",
    notYet:
      "Tidak ada yang dapat ditarik kembali: Anda belum menyetujui apa pun, atau asesmen sudah berakhir.",
    logoutTitle: "Keluar",
    logoutText:
      "Anda dapat kembali kapan saja dengan tautan atau akun Anda, dan melanjutkan dari tempat terakhir.",
    logout: "Keluar",
    waiting: (count) =>
      plural("id", count, {
        other: "{count} isian di perangkat ini belum sampai ke layanan. Apa yang sebaiknya dilakukan?",
      }),
    sendFirst: "Kirim dahulu, lalu keluar",
    sending: "Sedang dikirim. Anda keluar segera setelah semuanya sampai.",
    leave: "Keluar dan biarkan di perangkat ini",
    leaveHint: "Isian tetap terenkripsi di sini, dan dikirim saat Anda masuk lagi di perangkat ini.",
    leaveSomeHint:
      "Perangkat ini tidak dapat menyimpan semuanya. Yang tersimpan tetap terenkripsi di sini, dan dikirim saat Anda masuk lagi di perangkat ini. Yang lainnya akan hilang.",
    notKept: "Perangkat ini tidak menyimpannya: isian yang belum terkirim saat Anda keluar akan hilang.",
    drop: "Keluar dan hapus",
    dropHint: "Isian itu akan hilang.",
  },
};
