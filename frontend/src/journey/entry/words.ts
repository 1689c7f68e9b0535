import { plural, type Words } from "../../words/languages.svelte";

interface EntryWords {
  title: string;
  byLink: string;
  or: string;
  username: string;
  password: string;
  login: string;
  wrong: string;
  tooMany: (minutes: number) => string;
  unknownLink: string;
  spentLink: string;
  switched: string;
  left: string;
  ended: string;
  lapsedTitle: string;
  lapsed: string;
  register: string;
  registerTitle: string;
  registerText: string;
  newPassword: string;
  taken: string;
  badPassword: string;
  badUsername: string;
  closed: string;
  toLogin: string;
  leftByOthers: (count: number) => string;
}

export const words: Words<EntryWords> = {
  en: {
    title: "Welcome",
    byLink: "Did you receive an invitation link? Please open it: it brings you in without a password.",
    or: "Or log in with the name and password you were given.",
    username: "User name",
    password: "Password",
    login: "Log in",
    wrong: "The user name or password is not right. Please check both.",
    tooMany: (minutes) =>
      plural("en", minutes, {
        one: "That was tried too often. Please try again in a minute, or open your link.",
        other: "That was tried too often. Please try again in {count} minutes, or open your link.",
      }),
    unknownLink:
      "This link is not known here. Please check that it was copied whole, or ask those who invited you for a new one.",
    spentLink: "This link has been used up. Please ask those who invited you for a new one, or log in below.",
    switched:
      "Another person is logged in now. What the person before left on this device stays untouched until they log in again.",
    left: "You are logged out.",
    ended:
      "Your login has ended. Please open your link again, or log in: you go on where you were. Nothing is lost.",
    lapsedTitle: "Please log in again",
    lapsed:
      "Your login has ended. Open your link again, here or in another tab, or log in below, and go on where you were. What you entered is kept on this device; you may also go on answering.",
    register: "Make an account",
    registerTitle: "Make an account",
    registerText: "Choose a name that does not tell who you are, and a password of 12 characters or more.",
    newPassword: "Password (12 characters or more)",
    taken: "This name is taken. Please choose another.",
    badPassword: "Please choose a longer or less common password.",
    badUsername: "Please choose another name: letters, digits and dashes.",
    closed: "No accounts can be made here just now. Please use your invitation.",
    toLogin: "I have a login already",
    leftByOthers: (count) =>
      plural("en", count, {
        one: "One entry of another person waits on this device until they log in again. It stays as it is.",
        other:
          "{count} entries of other people wait on this device until they log in again. They stay as they are.",
      }),
  },
  id: {
    title: "Selamat datang",
    byLink: "Anda menerima tautan undangan? Silakan buka: Anda bisa masuk tanpa kata sandi.",
    or: "Atau masuk dengan nama dan kata sandi yang Anda terima.",
    username: "Nama pengguna",
    password: "Kata sandi",
    login: "Masuk",
    wrong: "Nama pengguna atau kata sandi tidak cocok. Mohon periksa keduanya.",
    tooMany: (minutes) =>
      plural("id", minutes, {
        other: "Sudah terlalu sering dicoba. Silakan coba lagi dalam {count} menit, atau buka tautan Anda.",
      }),
    unknownLink:
      "Tautan ini tidak dikenal di sini. Mohon pastikan tautan disalin seluruhnya, atau minta yang baru kepada pengundang Anda.",
    spentLink:
      "Tautan ini sudah terpakai. Mohon minta yang baru kepada pengundang Anda, atau masuk di bawah ini.",
    switched:
      "Sekarang orang lain yang masuk. Isian orang sebelumnya di perangkat ini tetap utuh sampai ia masuk kembali.",
    left: "Anda sudah keluar.",
    ended:
      "Sesi masuk Anda sudah berakhir. Silakan buka lagi tautan Anda, atau masuk: Anda melanjutkan dari tempat terakhir. Tidak ada yang hilang.",
    lapsedTitle: "Silakan masuk lagi",
    lapsed:
      "Sesi masuk Anda sudah berakhir. Buka lagi tautan Anda, di sini atau di tab lain, atau masuk di bawah ini, lalu lanjutkan dari tempat terakhir. Isian Anda disimpan di perangkat ini; Anda juga boleh terus menjawab.",
    register: "Buat akun",
    registerTitle: "Buat akun",
    registerText:
      "Pilih nama yang tidak menunjukkan siapa Anda, dan kata sandi dengan 12 karakter atau lebih.",
    newPassword: "Kata sandi (12 karakter atau lebih)",
    taken: "Nama ini sudah dipakai. Silakan pilih yang lain.",
    badPassword: "Silakan pilih kata sandi yang lebih panjang atau tidak terlalu umum.",
    badUsername: "Silakan pilih nama lain: huruf, angka, dan tanda hubung.",
    closed: "Saat ini akun tidak dapat dibuat di sini. Silakan gunakan undangan Anda.",
    toLogin: "Saya sudah punya akun",
    leftByOthers: (count) =>
      plural("id", count, {
        other:
          "{count} isian milik orang lain menunggu di perangkat ini sampai ia masuk kembali. Isian itu tetap seperti adanya.",
      }),
  },
};
