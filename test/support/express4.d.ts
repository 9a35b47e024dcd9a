declare module 'express4' {
  import express from 'express'
  const express4: typeof express
  export = express4
}
