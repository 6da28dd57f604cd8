// Sends events with Segment's client for Node: send.mjs <endpoint> <write key> <how many>
import { Analytics } from '@segment/analytics-node'

const [, , host, writeKey, count] = process.argv
const analytics = new Analytics({ writeKey, host, flushAt: 20 })
analytics.on('error', (error) => {
  console.error(error)
  process.exitCode = 1
})
analytics.identify({ userId: 'u1', traits: { name: 'Ångström 🚀', age: 41 } })
for (let number = 0; number < Number(count); number++) {
  analytics.track({
    userId: `u${number % 7}`,
    event: 'Clicked',
    properties: { number, price: 19.975, nested: { list: [1, { a: null }] } },
    context: { ip: '203.0.113.7' },
    timestamp: new Date(Date.UTC(2020, 1, 29, 3, 4, 5, number)),
  })
}
analytics.page({ anonymousId: 'a1', name: 'Home' })
analytics.group({ userId: 'u1', groupId: 'g1', traits: { plan: 'pro' } })
analytics.alias({ userId: 'u1', previousId: 'a1' })
await analytics.closeAndFlush()
