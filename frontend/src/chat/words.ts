import { type Words, plural } from "../words/languages.svelte";

interface ChatWords {
  title: string;
  machine: string;
  machineShort: string;
  sent: string;
  aboutHeading: string;
  begin: string;
  beginning: string;
  loading: string;
  log: string;
  program: string;
  you: string;
  writing: string;
  takesLong: string;
  place: (position: number) => string;
  waitingHere: string;
  notSent: string;
  copy: string;
  copied: string;
  takeBack: string;
  drop: string;
  brokenOff: string;
  noReply: string;
  tryAgain: string;
  newBelow: string;
  helpHere: string;
  openHelp: string;
  compose: string;
  hintEnter: string;
  send: string;
  near: (left: number) => string;
  past: (over: number) => string;
  cleaned: string;
  waitReply: string;
  waitSend: string;
  lost: string;
  offline: string;
  tryNow: string;
  pausedHeading: string;
  paused: string;
  goOn: string;
  endedHeading: string;
  ended: Record<string, string>;
  endedOtherwise: string;
  continueOn: string;
  movedOn: string;
  finish: string;
  finishShort: string;
  finishLater: (left: number) => string;
  finishHeading: string;
  finishSure: string;
  finishCutsOff: string;
  finishDraft: string;
  finishYes: string;
  finishNo: string;
  settling: string;
  request: (id: string) => string;
  refusals: Record<string, string>;
  refusedOtherwise: string;
  failures: Record<string, string>;
  failedOtherwise: string;
  troubles: Record<string, string>;
  troubleOtherwise: string;
}

const en: ChatWords = {
  title: "Conversation",
  machine: "You are writing with a computer program. It is a machine, not care: nobody is reading along.",
  machineShort: "A machine, not care.",
  sent: "Sent",
  aboutHeading: "About this conversation",
  begin: "Begin the conversation",
  beginning: "Beginning …",
  loading: "The conversation is being opened …",
  log: "Conversation so far",
  program: "Program",
  you: "You",
  writing: "The program is writing …",
  takesLong: "This takes a little longer. You can leave the page open; the reply will come here.",
  place: (position) =>
    position <= 1
      ? "Many people are writing just now. You are next."
      : `Many people are writing just now. You are number ${position} in line.`,
  waitingHere: "Kept on this device, on its way",
  notSent: "Not sent",
  copy: "Copy the words",
  copied: "Copied",
  takeBack: "Put them back into the box",
  drop: "Remove",
  brokenOff: "The reply broke off here. Just write on.",
  noReply: "No reply came to this.",
  tryAgain: "Try again",
  newBelow: "New message below",
  helpHere: "Where you can find help",
  openHelp: "Show this in large",
  compose: "Your message",
  hintEnter: "Enter sends; Shift and Enter begin a new line.",
  send: "Send",
  near: (left) =>
    plural("en", left, {
      one: "Room for {count} more character.",
      other: "Room for {count} more characters.",
    }),
  past: (over) =>
    plural("en", over, {
      one: "Too long by {count} character. Please shorten your message.",
      other: "Too long by {count} characters. Please shorten your message.",
    }),
  cleaned: "An invisible sign that cannot be sent was taken out of your text.",
  waitReply: "You can send your next message once the reply has come.",
  waitSend: "Your message is kept on this device. It is sent as soon as there is a connection.",
  lost: "The connection is interrupted. The reply goes on by itself once it is back; nothing is lost.",
  offline: "There is no connection to the service. What you write is kept on this device.",
  tryNow: "Try now",
  pausedHeading: "Would you like to go on?",
  paused:
    "You have been shown where you can find help. Take your time. You can go on with the conversation, or finish it below.",
  goOn: "Go on with the conversation",
  endedHeading: "The conversation has ended",
  ended: {
    tag: "Thank you for writing. You can read everything above once more before you continue.",
    turn_limit:
      "It has reached its full length. Thank you for writing. You can read everything above once more.",
    safety: "Please look at the help above, and do not stay alone with this. Then continue.",
    participant: "You have finished it. Thank you for writing.",
    model_unavailable:
      "The program that answers could not be reached. Thank you for what you have written; it is kept.",
  },
  endedOtherwise: "You can read everything above once more before you continue.",
  continueOn: "Continue",
  movedOn: "This part has already been closed, perhaps in another window. What was sent before is kept.",
  finish: "Finish the conversation",
  finishShort: "Finish",
  finishLater: (left) =>
    plural("en", left, {
      one: "You can finish after {count} more message with a reply.",
      other: "You can finish after {count} more messages with a reply.",
    }),
  finishHeading: "Finish the conversation?",
  finishSure: "You cannot write any more afterwards. All that you have sent stays kept.",
  finishCutsOff: "The reply under way will stop.",
  finishDraft: "The words in the box have not been sent, and will not be.",
  finishYes: "Yes, finish",
  finishNo: "No, go on writing",
  settling: "Waiting until your last words have been saved …",
  request: (id) => `If you ask somebody about this, please quote: ${id}`,
  refusals: {
    chat_ended: "The conversation had already ended.",
    wrong_step: "This part was already closed.",
    session_ended: "The session had already ended.",
    assessment_replaced: "The conversation was started anew meanwhile.",
    message_id_reused: "Other words were already sent in its place from another window.",
    invalid: "The service could not take this text.",
    too_large: "The message is too long.",
  },
  refusedOtherwise: "The service did not take this message.",
  failures: {
    model_unavailable: "The program that answers cannot be reached just now. Your message is kept.",
    model_timeout: "The program that answers took too long. Your message is kept.",
    model_refused: "The program that answers did not take this message. You can put it in other words.",
    interrupted: "The reply was interrupted before it began. Your message is kept.",
    too_long: "This message is too long for the program that answers. Please write a shorter one.",
  },
  failedOtherwise: "No reply came to this. Your message is kept.",
  troubles: {
    unreachable: "The service cannot be reached just now. It is tried again by itself.",
    unavailable: "The service is busy or being restarted. It is tried again by itself.",
    too_many: "That was too often in a short time. It is tried again in a moment.",
    login_required:
      "Your login has lapsed. Please open your link again, or log in; your words are kept on this device.",
    not_kept:
      "This device has no room to keep your message, and the service cannot be reached. Your words are still in the box; please try again.",
    min_turns: "The conversation is still too short to be finished. Please write a little more.",
  },
  troubleOtherwise: "Something went wrong. Please try again.",
};

const id: ChatWords = {
  title: "Percakapan",
  machine:
    "Anda sedang menulis dengan program komputer. Ini mesin, bukan layanan kesehatan: tidak ada orang yang ikut membaca.",
  machineShort: "Ini mesin, bukan layanan kesehatan.",
  sent: "Terkirim",
  aboutHeading: "Tentang percakapan ini",
  begin: "Mulai percakapan",
  beginning: "Memulai …",
  loading: "Percakapan sedang dibuka …",
  log: "Percakapan sejauh ini",
  program: "Program",
  you: "Anda",
  writing: "Program sedang menulis …",
  takesLong:
    "Ini memerlukan waktu sedikit lebih lama. Biarkan halaman ini terbuka; jawabannya akan muncul di sini.",
  place: (position) =>
    position <= 1
      ? "Saat ini banyak orang sedang menulis. Giliran Anda berikutnya."
      : `Saat ini banyak orang sedang menulis. Anda berada di urutan ke-${position}.`,
  waitingHere: "Tersimpan di perangkat ini, sedang dikirim",
  notSent: "Tidak terkirim",
  copy: "Salin kata-kata ini",
  copied: "Tersalin",
  takeBack: "Kembalikan ke kotak tulis",
  drop: "Hapus",
  brokenOff: "Jawaban terputus di sini. Silakan lanjutkan menulis.",
  noReply: "Tidak ada jawaban untuk pesan ini.",
  tryAgain: "Coba lagi",
  newBelow: "Ada pesan baru di bawah",
  helpHere: "Tempat Anda bisa mendapatkan bantuan",
  openHelp: "Tampilkan lebih besar",
  compose: "Pesan Anda",
  hintEnter: "Enter untuk mengirim; Shift dan Enter untuk baris baru.",
  send: "Kirim",
  near: (left) => plural("id", left, { other: "Masih ada ruang untuk {count} karakter." }),
  past: (over) => plural("id", over, { other: "Kelebihan {count} karakter. Mohon persingkat pesan Anda." }),
  cleaned: "Satu tanda tak terlihat yang tidak dapat dikirim telah dihapus dari teks Anda.",
  waitReply: "Anda dapat mengirim pesan berikutnya setelah jawabannya datang.",
  waitSend: "Pesan Anda tersimpan di perangkat ini. Pesan dikirim begitu ada koneksi.",
  lost: "Koneksi terputus. Jawaban akan berlanjut sendiri setelah koneksi kembali; tidak ada yang hilang.",
  offline: "Tidak ada koneksi ke layanan. Yang Anda tulis tersimpan di perangkat ini.",
  tryNow: "Coba sekarang",
  pausedHeading: "Apakah Anda ingin melanjutkan?",
  paused:
    "Anda telah ditunjukkan tempat untuk mendapatkan bantuan. Tidak perlu terburu-buru. Anda dapat melanjutkan percakapan, atau mengakhirinya di bawah.",
  goOn: "Lanjutkan percakapan",
  endedHeading: "Percakapan telah berakhir",
  ended: {
    tag: "Terima kasih telah menulis. Anda dapat membaca kembali semuanya di atas sebelum melanjutkan.",
    turn_limit:
      "Percakapan telah mencapai batas panjangnya. Terima kasih telah menulis. Anda dapat membaca kembali semuanya di atas.",
    safety:
      "Mohon lihat bantuan di atas, dan jangan menghadapi ini sendirian. Setelah itu, silakan lanjutkan.",
    participant: "Anda telah mengakhirinya. Terima kasih telah menulis.",
    model_unavailable:
      "Program yang menjawab tidak dapat dihubungi. Terima kasih atas yang telah Anda tulis; semuanya tersimpan.",
  },
  endedOtherwise: "Anda dapat membaca kembali semuanya di atas sebelum melanjutkan.",
  continueOn: "Lanjutkan",
  movedOn:
    "Bagian ini sudah ditutup, mungkin di jendela lain. Yang sudah terkirim sebelumnya tetap tersimpan.",
  finish: "Akhiri percakapan",
  finishShort: "Akhiri",
  finishLater: (left) =>
    plural("id", left, { other: "Anda dapat mengakhirinya setelah {count} pesan lagi yang dijawab." }),
  finishHeading: "Akhiri percakapan?",
  finishSure: "Setelah itu Anda tidak dapat menulis lagi. Semua yang telah Anda kirim tetap tersimpan.",
  finishCutsOff: "Jawaban yang sedang ditulis akan berhenti.",
  finishDraft: "Kata-kata di kotak tulis belum terkirim, dan tidak akan dikirim.",
  finishYes: "Ya, akhiri",
  finishNo: "Tidak, lanjut menulis",
  settling: "Menunggu hingga kata-kata terakhir Anda tersimpan …",
  request: (id) => `Jika Anda bertanya kepada seseorang tentang hal ini, mohon sebutkan: ${id}`,
  refusals: {
    chat_ended: "Percakapan sudah berakhir sebelumnya.",
    wrong_step: "Bagian ini sudah ditutup sebelumnya.",
    session_ended: "Sesi sudah berakhir sebelumnya.",
    assessment_replaced: "Sementara itu percakapan telah dimulai ulang.",
    message_id_reused: "Kata-kata lain sudah dikirim sebagai gantinya dari jendela lain.",
    invalid: "Layanan tidak dapat menerima teks ini.",
    too_large: "Pesan ini terlalu panjang.",
  },
  refusedOtherwise: "Layanan tidak menerima pesan ini.",
  failures: {
    model_unavailable: "Program yang menjawab saat ini tidak dapat dihubungi. Pesan Anda tersimpan.",
    model_timeout: "Program yang menjawab memerlukan waktu terlalu lama. Pesan Anda tersimpan.",
    model_refused:
      "Program yang menjawab tidak menerima pesan ini. Anda dapat menyampaikannya dengan kata-kata lain.",
    interrupted: "Jawaban terputus sebelum dimulai. Pesan Anda tersimpan.",
    too_long: "Pesan ini terlalu panjang bagi program yang menjawab. Mohon tulis yang lebih pendek.",
  },
  failedOtherwise: "Tidak ada jawaban untuk pesan ini. Pesan Anda tersimpan.",
  troubles: {
    unreachable: "Layanan saat ini tidak dapat dihubungi. Halaman ini mencobanya lagi dengan sendirinya.",
    unavailable: "Layanan sedang sibuk atau dimulai ulang. Halaman ini mencobanya lagi dengan sendirinya.",
    too_many: "Terlalu sering dalam waktu singkat. Sebentar lagi akan dicoba lagi.",
    login_required:
      "Masa masuk Anda telah berakhir. Silakan buka kembali tautan Anda, atau masuk lagi; kata-kata Anda tersimpan di perangkat ini.",
    not_kept:
      "Perangkat ini tidak punya ruang untuk menyimpan pesan Anda, dan layanan tidak dapat dihubungi. Kata-kata Anda masih ada di kotak tulis; silakan coba lagi.",
    min_turns: "Percakapan masih terlalu singkat untuk diakhiri. Silakan menulis sedikit lagi.",
  },
  troubleOtherwise: "Terjadi kesalahan. Silakan coba lagi.",
};

export const words: Words<ChatWords> = { en, id };
