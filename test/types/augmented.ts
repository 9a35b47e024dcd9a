import express from 'express'
import { resourceServer } from 'scopegate'
import 'scopegate/augment'

const { requireAuth } = resourceServer({ issuer: 'https://id.example.com', audience: 'https://api.example.com' })

export const app = express().get('/', requireAuth(), (req, res) => {
  // @ts-expect-error there may be none
  req.auth.payload
  res.json({ sub: req.auth?.payload.sub, client: req.auth?.clientId })
})
